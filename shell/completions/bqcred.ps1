# Completes bqcred in PowerShell. `bqcred __complete` prints the candidates, without network or keyring.

Register-ArgumentCompleter -Native -CommandName bqcred -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $words = @($commandAst.CommandElements |
        Where-Object { $_.Extent.StartOffset -lt $cursorPosition } |
        ForEach-Object { $_.Extent.Text })
    # PowerShell before 7.3 drops empty arguments, so a flag stands for an empty last word
    $flags = @()
    if ($wordToComplete -eq '') { $flags = @('--next') }
    $program = (Get-Command -Name bqcred -CommandType Application -TotalCount 1).Source
    & $program __complete @flags '--' @words 2>$null | ForEach-Object {
        $value, $description = $_ -split "`t", 2
        if ($value -eq '') { return } # PowerShell then completes files
        if (-not $description) { $description = $value }
        [System.Management.Automation.CompletionResult]::new($value, $value, 'ParameterValue', $description)
    }
}
