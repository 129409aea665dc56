# Makes `bqcred env` and `bqcred use` act on this shell. Piped or captured, `bqcred env` prints, as without this.

function bqcred --description "Use your own Google account for BigQuery"
    set -l verb
    set -l text
    set -l skip
    for word in $argv
        if set -q skip[1]
            set -e skip[1]
            continue
        end
        switch $word
            case --profile --pinned-by
                set skip 1
            case -h --help --shell '--shell=*' --format '--format=*'
                set verb other
                break
            case '-*'
            case '*'
                set -q verb[1]; or set verb $word
        end
    end
    switch "$verb"
        case use
            set -lx BQCRED_PROFILE ''
            command bqcred $argv; or return
            set text (command bqcred env --shell fish); or return
            set -e BQCRED_PROFILE
        case env
            if not test -t 1; or status is-command-substitution
                command bqcred $argv
                return
            end
            set text (command bqcred $argv --shell fish); or return
        case allow deny
            command bqcred $argv; or return
            set -g _bqcred_at
            set -g _bqcred_pin
            return
        case '*'
            command bqcred $argv
            return
    end
    # what is asked for by hand stays when a pinned folder is left
    set -g _bqcred_kept
    eval $text
end
