# Sets the profile that the nearest .bqcred file names. Only a change of that file starts a process; all other
# prompts cost one comparison. Leaving the folder restores the variables from before.

set -g _bqcred_at
set -g _bqcred_pin
set -g _bqcred_kept
set -g _bqcred_names GOOGLE_APPLICATION_CREDENTIALS GOOGLE_CLOUD_PROJECT GOOGLE_CLOUD_QUOTA_PROJECT \
    BQCRED_PROFILE GCE_METADATA_URL NO_GCE_CHECK

function _bqcred_keep
    set -g _bqcred_kept
    for name in $_bqcred_names
        if set -q $name
            set -a _bqcred_kept "=$$name"
        else
            set -a _bqcred_kept ''
        end
    end
end

function _bqcred_restore
    for i in (seq (count $_bqcred_names))
        if string match -q '=*' -- $_bqcred_kept[$i]
            set -gx $_bqcred_names[$i] (string sub --start 2 -- $_bqcred_kept[$i] | string collect)
        else
            set -eg $_bqcred_names[$i]
        end
    end
    set -g _bqcred_kept
end

function _bqcred_follow --on-event fish_prompt
    test "$PWD" = "$_bqcred_at"; and return
    set -g _bqcred_at $PWD
    set -l pin
    set -l folder $PWD
    while true
        if test -f $folder/.bqcred
            set pin $folder/.bqcred
            break
        end
        test -n "$folder"; or break
        set folder (string replace --regex '/[^/]*$' '' -- $folder)
    end
    test "$pin" = "$_bqcred_pin"; and return
    set -q _bqcred_kept[1]; and _bqcred_restore
    set -g _bqcred_pin $pin
    if set -q pin[1]; and set -l text (command bqcred env --shell fish --pinned-by $pin)
        _bqcred_keep
        eval $text
    end
end
