# Sets the profile that the nearest .bqcred file names. Only a change of that file starts a process; all other
# prompts cost two comparisons. Leaving the folder restores the variables from before. A profile that was chosen by
# hand stays instead, here and in other folders, until `bqcred env --unset` or `bqcred allow`.

set -g _bqcred_at
set -g _bqcred_pin
set -g _bqcred_by_hand
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

# Finds out whether the profile was changed since the last prompt. The first one of a shell without a profile may be
# that of all shells.
function _bqcred_notice
    if set -q _bqcred_mark; and test "$BQCRED_PROFILE:$GOOGLE_APPLICATION_CREDENTIALS" != "$_bqcred_mark"
        set -g _bqcred_kept
        switch (string replace --regex ':.*' '' -- "$_bqcred_mark" | string collect):"$BQCRED_PROFILE"
            case '*:'
                set -g _bqcred_by_hand
            case :default
            case '*'
                set -g _bqcred_by_hand 1
        end
    end
    _bqcred_remember
end

function _bqcred_remember
    set -g _bqcred_mark "$BQCRED_PROFILE:$GOOGLE_APPLICATION_CREDENTIALS"
end

function _bqcred_follow --on-event fish_prompt
    _bqcred_notice
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
    if set -q pin[1]; and not set -q _bqcred_by_hand[1]
        set -l text (command bqcred env --shell fish --pinned-by $pin)
        _bqcred_keep
        # a failing `env` keeps libraries from using another account
        eval $text
    end
    _bqcred_remember
end
