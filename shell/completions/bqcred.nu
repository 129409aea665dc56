# Completes bqcred in Nushell. `bqcred __complete` prints the candidates, without network or keyring.

$env.config.completions.external.completer = do {|before|
    {|spans|
        if ($spans | first) != "bqcred" {
            return (if $before == null { null } else { do $before $spans })
        }
        let lines = (^bqcred __complete -- ...$spans | lines)
        if ($lines | any {|line| $line | str starts-with "\t" }) {
            return null # Nushell then completes files
        }
        $lines | each {|line|
            let parts = ($line | split row --number 2 "\t")
            {value: $parts.0, description: ($parts | get --optional 1)}
        }
    }
} $env.config.completions?.external?.completer?
