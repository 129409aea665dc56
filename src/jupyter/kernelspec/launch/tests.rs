//! Commands of kernelspecs, as people write them.

use super::*;
use crate::jupyter::kernelspec::files;

const FILE: &str = "/home/ada/.local/share/bqcred/default/adc.json";

fn words(line: &str) -> Vec<String> {
    // `~` stands for a space inside a word
    line.split(' ').map(|word| word.replace('~', " ")).collect()
}

fn found_with(line: &str, env: &[(&str, &str)], file: Option<&str>) -> Option<(Launcher, Effect)> {
    let env: Vec<_> = env.iter().map(|(name, value)| (name.to_string(), Some(value.to_string()))).collect();
    let handed = Handed { file: file.map(Path::new), folder: Path::new("/k"), env: &env };
    barrier(&words(line), &handed).map(|barrier| (barrier.launcher, barrier.effect))
}

fn found(line: &str) -> Option<(Launcher, Effect)> {
    found_with(line, &[], Some(FILE))
}

#[test]
fn commands_that_keep_the_environment_are_no_barrier() {
    for line in [
        "python -m ipykernel_launcher -f {connection_file}",
        "/opt/conda/bin/python -m ipykernel_launcher -f {connection_file}",
        "R --slave -e IRkernel::main() --args {connection_file}",
        "env A=1 python -m ipykernel_launcher",
        "/usr/bin/env -u OTHER python",
        "nice -n 5 env A=1 timeout 9 python -m ipykernel_launcher",
        "conda run -n env python -m ipykernel_launcher",
        "bash -c exec~python~-m~ipykernel_launcher~-f~{connection_file}",
        "bash -lc module~load~x;~python~-m~ipykernel_launcher~$1 x {connection_file}",
        "sudo -E python -m ipykernel_launcher",
        "sudo --preserve-env=A,GOOGLE_APPLICATION_CREDENTIALS python",
        "apptainer exec /images/py.sif python -m ipykernel_launcher",
        "singularity exec --cleanenv --env A=1,GOOGLE_APPLICATION_CREDENTIALS=/home/ada/.local/share/bqcred/default/adc.json x.sif python",
        "srun --export=ALL --pty python -m ipykernel_launcher",
        "srun -n 1 python -m ipykernel_launcher",
        "srun --export=PATH,GOOGLE_APPLICATION_CREDENTIALS python",
        "systemd-run --scope --user python",
        "systemd-run --user -E GOOGLE_APPLICATION_CREDENTIALS python",
        "env -i GOOGLE_APPLICATION_CREDENTIALS=/home/ada/.local/share/bqcred/default/adc.json python",
        "docker run --rm -v /home/ada:/home/ada -e GOOGLE_APPLICATION_CREDENTIALS img python",
        "docker run -ite GOOGLE_APPLICATION_CREDENTIALS=/c/adc.json --mount type=bind,source=/home/ada/.local/share/bqcred/default,target=/c,readonly img",
        "podman exec -e GOOGLE_APPLICATION_CREDENTIALS=/c/adc.json name python -m ipykernel_launcher",
        "ssh -o SendEnv=GOOGLE_APPLICATION_CREDENTIALS gpu1 python -m ipykernel_launcher",
        "ssh gpu1 bqcred exec -- python -m ipykernel_launcher -f {connection_file}",
    ] {
        assert_eq!(found(line), None, "{line}");
    }
    let by_variable = [("APPTAINERENV_GOOGLE_APPLICATION_CREDENTIALS", FILE)];
    assert_eq!(found_with("apptainer exec -e x.sif python", &by_variable, Some(FILE)), None);
}

#[test]
fn launchers_that_drop_the_environment_are_found() {
    use Launcher::*;
    for (line, launcher) in [
        (
            "/usr/bin/docker run --network=host -v {connection_file}:/c img -m ipykernel_launcher -f /c",
            ContainerRun,
        ),
        ("podman --log-level debug run -e OTHER=1 img python", ContainerRun),
        ("docker run --rm -it img python -e GOOGLE_APPLICATION_CREDENTIALS=/x", ContainerRun),
        ("docker exec -i name python -m ipykernel_launcher", ContainerExec),
        ("docker compose exec -T svc python", ContainerExec),
        ("apptainer exec --cleanenv /images/py.sif python", Apptainer),
        ("singularity -q exec -eB /data x.sif python", Apptainer),
        ("ssh gpu1 python -m ipykernel_launcher -f {connection_file}", OtherMachine),
        ("ssh -o BatchMode=yes -p 22 gpu1 python", OtherMachine),
        ("gcloud compute ssh vm -- python", OtherMachine),
        ("sudo python -m ipykernel_launcher", Sudo),
        ("sudo -nH python", Sudo),
        ("sudo -iE python", Sudo),
        ("sudo --preserve-env=PATH python", Sudo),
        ("env -i HOME=/x python -m ipykernel_launcher", CleanEnvironment),
        ("env - python", CleanEnvironment),
        ("env -vi python", CleanEnvironment),
        ("env -S -i~python", CleanEnvironment),
        ("env -u GOOGLE_APPLICATION_CREDENTIALS python", CleanEnvironment),
        ("env -uGOOGLE_APPLICATION_CREDENTIALS python", CleanEnvironment),
        ("srun --export=NONE python", Slurm),
        ("srun --export NONE python", Slurm),
        ("/usr/bin/srun -N1 --export=PATH,HOME python", Slurm),
        ("su - root -c python~-m~ipykernel_launcher", OtherAccount),
        ("systemd-run --user --pipe python", SystemdRun),
        ("bash -c docker~run~img", ContainerRun),
        ("bash -lc cd~/x~&&~exec~ssh~gpu1~python~-m~ipykernel_launcher", OtherMachine),
        ("/bin/sh -ec unset~GOOGLE_APPLICATION_CREDENTIALS;~exec~python~-m~ipykernel_launcher", Script),
        ("nice -n 5 env A=1 ssh gpu1 python", OtherMachine),
        ("bqcred exec --profile work -- env -i python", CleanEnvironment),
        ("qrsh -now y python", Remote),
    ] {
        assert_eq!(found(line), Some((launcher, Effect::DropsVariables)), "{line}");
    }
    assert_eq!(found("kubectl exec -i pod -- python").map(|(launcher, _)| launcher), Some(Pod));
    let slurm = found_with("srun python", &[("SLURM_EXPORT_ENV", "NONE")], Some(FILE));
    assert_eq!(slurm, Some((Slurm, Effect::DropsVariables)));
    let remote = found("python -m remote_ikernel --interface ssh --host x");
    assert_eq!(remote, Some((Remote, Effect::DropsVariables)));
}

#[test]
fn other_users_missing_files_and_other_credentials_are_found() {
    use Effect::*;
    for (line, effect) in [
        ("sudo -u bqcred-bob python -m ipykernel_launcher", OtherUser),
        ("sudo -Eu bqcred-bob python", OtherUser),
        ("sudo --preserve-env --user=bqcred-bob python", OtherUser),
        ("su bqcred-bob -c python", OtherUser),
        ("gosu bqcred-bob python", OtherUser),
        ("docker run -e GOOGLE_APPLICATION_CREDENTIALS img python", NoFile),
        ("docker run -v /data:/data -e GOOGLE_APPLICATION_CREDENTIALS img python", NoFile),
        (
            "apptainer exec --containall --env GOOGLE_APPLICATION_CREDENTIALS=/home/ada/.local/share/bqcred/default/adc.json x.sif python",
            NoFile,
        ),
        ("env GOOGLE_APPLICATION_CREDENTIALS=/keys/robot.json python", OtherCredential),
        ("docker run -v /keys:/keys -e GOOGLE_APPLICATION_CREDENTIALS=/keys/robot.json img", OtherCredential),
        (
            "bash -c GOOGLE_APPLICATION_CREDENTIALS=/keys/robot.json~python~-m~ipykernel_launcher",
            OtherCredential,
        ),
        (
            "sh -c export~GOOGLE_APPLICATION_CREDENTIALS=/keys/robot.json;~python~-m~ipykernel_launcher",
            OtherCredential,
        ),
    ] {
        assert_eq!(found(line).map(|(_, effect)| effect), Some(effect), "{line}");
    }
    // what `bqcred exec` hands over stays in this system
    let exec = |line| found_with(line, &[], None).map(|(_, effect)| effect);
    assert_eq!(exec("docker run -v /home/ada:/home/ada -e GOOGLE_APPLICATION_CREDENTIALS img"), Some(NoFile));
    assert_eq!(exec("ssh -o SendEnv=GOOGLE_APPLICATION_CREDENTIALS gpu1 python"), Some(NoFile));
    assert_eq!(exec("python -m ipykernel_launcher"), None);
}

#[test]
fn scripts_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("run.sh");
    let found = |text: &str, first: &str| {
        files::replace(&script, text.as_bytes()).unwrap();
        let handed = Handed { file: Some(Path::new(FILE)), folder: folder.path(), env: &[] };
        barrier(&[first.to_owned(), "{connection_file}".to_owned()], &handed).map(|barrier| barrier.launcher)
    };
    let path = script.to_str().unwrap();
    let docker = "#!/bin/bash\nset -e\ndocker pull img\nexec docker run --rm \\\n  -v \"$1:/c\" img python -m ipykernel_launcher -f /c\n";
    assert_eq!(found(docker, path), Some(Launcher::ContainerRun));
    assert_eq!(found(docker, "{resource_dir}/run.sh"), Some(Launcher::ContainerRun));
    let local =
        "#!/usr/bin/env bash\nssh gpu1 date\nif true; then exec python -m ipykernel_launcher -f \"$1\"; fi\n";
    assert_eq!(found(local, path), None, "only what starts the kernel counts");
    let passed = "#!/bin/sh\nexec docker run -v \"$HOME:$HOME\" -e GOOGLE_APPLICATION_CREDENTIALS=\"$GOOGLE_APPLICATION_CREDENTIALS\" img \"$@\"\n";
    assert_eq!(found(passed, path), None);
    assert_eq!(found("#!/usr/bin/python3\nssh gpu1 \"$@\"\n", path), None, "no shell");
    assert_eq!(
        found("#!/bin/sh\nexec \"$0\" \"$@\"\nsh run.sh $1", path),
        None,
        "a script that calls itself ends"
    );
}
