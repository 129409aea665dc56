# Completes bqcred in Elvish. `bqcred __complete` prints the candidates, without network or keyring.

use str

set edit:completion:arg-completer[bqcred] = {|@words|
  (external bqcred) __complete -- $@words 2>/dev/null | from-lines | each {|line|
    if (eq $line "\tfiles") {
      edit:complete-filename $@words
    } elif (eq $line "\tcommand") {
      var after = []
      var found = $false
      for word $words {
        if $found {
          set after = [$@after $word]
        } elif (eq $word --) {
          set found = $true
        }
      }
      edit:complete-sudo sudo $@after
    } else {
      var value description = (str:split &max=2 "\t" $line)
      if (eq $description '') {
        put $value
      } else {
        edit:complex-candidate $value &display=$value' ('$description')'
      }
    }
  }
}
