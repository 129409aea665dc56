# Completes bqcred in fish. `bqcred __complete` prints the candidates, without network or keyring.

function __bqcred_complete
    set -l before (commandline --tokenize --current-process --cut-at-cursor)
    set -l current (commandline --current-token --cut-at-cursor)
    for line in (command bqcred __complete -- $before "$current" 2>/dev/null)
        switch $line
            case \tfiles
                set -l flag (string match --regex -- '^--[^=]*=' "$current")
                __fish_complete_path (string replace --regex -- '^--[^=]*=' '' "$current") \
                    | string replace --regex '^' "$flag"
            case \tcommand
                set -l at (contains --index -- -- $before); or return
                complete --do-complete=(string join ' ' -- (string escape -- $before[(math $at + 1)..]) "$current")
            case '*'
                echo $line
        end
    end
end

complete --command bqcred --no-files --arguments '(__bqcred_complete)'
