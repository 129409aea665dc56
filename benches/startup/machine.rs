//! The machine of the figures.

/// The system, the processor, and the load.
pub(crate) fn print() {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let kernel = read("/proc/sys/kernel/osrelease").unwrap_or_default();
    println!("{} {} {}, {cores} cores", std::env::consts::OS, kernel.trim(), std::env::consts::ARCH);
    if let Some(cpuinfo) = read("/proc/cpuinfo") {
        let model = cpuinfo.lines().find(|line| line.starts_with("model name"));
        let model = model.and_then(|line| line.split(": ").nth(1)).unwrap_or("a processor without a name");
        let virtual_ = if cpuinfo.contains(" hypervisor") { ", virtual" } else { "" };
        println!("{model}{virtual_}");
    }
    print_load();
}

/// With more than there are cores, times are too long.
pub(crate) fn print_load() {
    if let Some(load) = read("/proc/loadavg") {
        println!("load: {}\n", load.split(' ').take(3).collect::<Vec<_>>().join(" "));
    }
}

fn read(path: &str) -> Option<String> {
    std::fs::read_to_string(path).ok()
}
