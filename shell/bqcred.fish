# With this, `bqcred env` and `bqcred use` set the variables of this shell and say which account it now uses. If its
# output is piped or captured, `bqcred env` prints as usual.

function bqcred --description "Use your own Google account for BigQuery"
    set -l subcommand
    set -l text
    set -l skip
    set -l code 0
    for word in $argv
        if set -q skip[1]
            set -e skip[1]
            continue
        end
        switch $word
            case --profile --pinned-by
                set skip 1
            case -h --help --shell '--shell=*' --format '--format=*'
                set subcommand other
                break
            case '-*'
            case '*'
                set -q subcommand[1]; or set subcommand $word
        end
    end
    switch "$subcommand"
        case use
            set -lx BQCRED_PROFILE ''
            command bqcred $argv; or return
            set text (command bqcred env --shell fish); or set code $status
            set -e BQCRED_PROFILE
            set -g _bqcred_by_hand 1
        case env
            if not test -t 1; or status is-command-substitution
                command bqcred $argv
                return
            end
            set text (command bqcred $argv --shell fish); or set code $status
        case allow deny
            command bqcred $argv; or return
            set -g _bqcred_at
            set -g _bqcred_pin
            set -g _bqcred_by_hand
            return
        case '*'
            command bqcred $argv
            return
    end
    # a profile that was set by hand stays when the folder of a .bqcred file is left
    set -g _bqcred_kept
    # what a failing `env` prints keeps libraries from using another account
    if eval $text
        command bqcred env --announce
    else if test $code -eq 0
        echo 'bqcred: a variable did not take its value: does another one of its name hide it (set --show)?' >&2
        return 1
    end
    return $code
end
