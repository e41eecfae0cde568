
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'mlprov' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'mlprov'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'mlprov' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('init', 'init', [CompletionResultType]::ParameterValue, 'Make this repository a project, or join the project that it is')
            [CompletionResult]::new('track', 'track', [CompletionResultType]::ParameterValue, 'Store files as immutable versions and write a small pointer for git')
            [CompletionResult]::new('add', 'add', [CompletionResultType]::ParameterValue, 'Store files as immutable versions and write a small pointer for git')
            [CompletionResult]::new('untrack', 'untrack', [CompletionResultType]::ParameterValue, 'Take the pointer of a dataset away; data, store and history stay')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Show what is modified, not stored, not recorded, or waiting')
            [CompletionResult]::new('ls', 'ls', [CompletionResultType]::ParameterValue, 'List the tracked datasets')
            [CompletionResult]::new('restore', 'restore', [CompletionResultType]::ParameterValue, 'Bring back the data of a commit or a run')
            [CompletionResult]::new('diff', 'diff', [CompletionResultType]::ParameterValue, 'Show which files differ between two versions of the data')
            [CompletionResult]::new('du', 'du', [CompletionResultType]::ParameterValue, 'Show how much the datasets and the store take')
            [CompletionResult]::new('prune', 'prune', [CompletionResultType]::ParameterValue, 'Remove stored contents that nothing refers to')
            [CompletionResult]::new('merge', 'merge', [CompletionResultType]::ParameterValue, 'Merge a pointer that is in conflict, file by file')
            [CompletionResult]::new('run', 'run', [CompletionResultType]::ParameterValue, 'Run a command and record code, data, parameters, metrics, outputs and model')
            [CompletionResult]::new('source', 'source', [CompletionResultType]::ParameterValue, 'Runs where there is no repository: what they need of this one')
            [CompletionResult]::new('model', 'model', [CompletionResultType]::ParameterValue, 'Model packages: list, show, register, approve, reject')
            [CompletionResult]::new('bind', 'bind', [CompletionResultType]::ParameterValue, 'Bind a model package that is in the registry already to the run that made it')
            [CompletionResult]::new('log', 'log', [CompletionResultType]::ParameterValue, 'Show what was recorded, newest first; runs filtered, sorted, side by side')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show all that is recorded about a run, commit, entry or model')
            [CompletionResult]::new('graph', 'graph', [CompletionResultType]::ParameterValue, 'Show the lineage: what something came from, and what came of it')
            [CompletionResult]::new('reproduce', 'reproduce', [CompletionResultType]::ParameterValue, 'Lay a run out again: commit, patch, configuration, data; and run it again')
            [CompletionResult]::new('verify', 'verify', [CompletionResultType]::ParameterValue, 'Check every link of a binding; the exit code is the gate')
            [CompletionResult]::new('audit', 'audit', [CompletionResultType]::ParameterValue, 'Ask witnesses that mlprov does not make')
            [CompletionResult]::new('pull', 'pull', [CompletionResultType]::ParameterValue, 'Fetch what others recorded, and restore the data that the pointers name')
            [CompletionResult]::new('sync', 'sync', [CompletionResultType]::ParameterValue, 'Publish what waits, and fetch what others recorded')
            [CompletionResult]::new('push', 'push', [CompletionResultType]::ParameterValue, 'Publish what waits, and fetch what others recorded')
            [CompletionResult]::new('migrate', 'migrate', [CompletionResultType]::ParameterValue, 'Move the project: its ledger, its data or both into a bucket, or into another one')
            [CompletionResult]::new('key', 'key', [CompletionResultType]::ParameterValue, 'Show keys, and trust the logs of others')
            [CompletionResult]::new('ledger', 'ledger', [CompletionResultType]::ParameterValue, 'The log itself: state, checkpoints, proofs, audit, export')
            [CompletionResult]::new('infra', 'infra', [CompletionResultType]::ParameterValue, 'The buckets of ledger and data: what they shall be, what they are, and making them so')
            [CompletionResult]::new('doctor', 'doctor', [CompletionResultType]::ParameterValue, 'Check whether everything is as it should be, and what to do')
            [CompletionResult]::new('qldb', 'qldb', [CompletionResultType]::ParameterValue, 'What Amazon QLDB left behind')
            [CompletionResult]::new('demo', 'demo', [CompletionResultType]::ParameterValue, 'The whole story in a throw-away project, with tampering at the end')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print a completion script for your shell')
            [CompletionResult]::new('hooks', 'hooks', [CompletionResultType]::ParameterValue, 'The git hooks that record commits: install, remove, check')
            [CompletionResult]::new('hook', 'hook', [CompletionResultType]::ParameterValue, 'Called by the git hooks')
            [CompletionResult]::new('merge-driver', 'merge-driver', [CompletionResultType]::ParameterValue, 'Called by git to merge pointers')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'mlprov;init' {
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'Name of a new project [default: the directory''s name]')
            [CompletionResult]::new('--ledger', '--ledger', [CompletionResultType]::ParameterName, 'One ledger for all clones of a new project, in a bucket [default: a ledger of each clone''s own]')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'One store for the data of a new project, in a bucket that keeps versions [default: a store of each clone''s own]')
            [CompletionResult]::new('--registry', '--registry', [CompletionResultType]::ParameterName, 'Where model packages of a new project are registered [default: local]')
            [CompletionResult]::new('--region', '--region', [CompletionResultType]::ParameterName, 'Region of the buckets and of SageMaker [default: as your AWS settings say]')
            [CompletionResult]::new('--endpoint-url', '--endpoint-url', [CompletionResultType]::ParameterName, 'Server that speaks S3, if it is not AWS; it goes into the project''s settings')
            [CompletionResult]::new('--kms-key', '--kms-key', [CompletionResultType]::ParameterName, 'KMS key (ARN, id or alias) of the bucket''s default encryption [default: SSE-S3]')
            [CompletionResult]::new('--log-key', '--log-key', [CompletionResultType]::ParameterName, 'Sign checkpoints with a key of KMS that has this alias; it is made if there is none [default: a key file]')
            [CompletionResult]::new('--retention-days', '--retention-days', [CompletionResultType]::ParameterName, 'Turn on Object Lock, and let nobody at all delete a version of data or a commit of the ledger for so many days')
            [CompletionResult]::new('--codecommit', '--codecommit', [CompletionResultType]::ParameterName, 'Make a repository of CodeCommit, and add it as a git remote [default NAME: after the project]')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Ask nothing; agree to what would be asked')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Ask nothing; agree to what would be asked')
            [CompletionResult]::new('--no-hooks', '--no-hooks', [CompletionResultType]::ParameterName, 'Install no git hooks')
            [CompletionResult]::new('--aws', '--aws', [CompletionResultType]::ParameterName, 'Make what a new project needs in AWS first: a bucket for ledger and data, unless --ledger or --store name one')
            [CompletionResult]::new('--plan', '--plan', [CompletionResultType]::ParameterName, 'Only show what would be made in AWS')
            [CompletionResult]::new('--object-lock', '--object-lock', [CompletionResultType]::ParameterName, 'Turn on Object Lock, so that objects can be given a retention')
            [CompletionResult]::new('--trail', '--trail', [CompletionResultType]::ParameterName, 'Have CloudTrail log what happens to the bucket; AWS charges for it, and the plan says what')
            [CompletionResult]::new('--iam', '--iam', [CompletionResultType]::ParameterName, 'Make an IAM policy for each role (reader, writer, publisher, auditor); it is attached to nobody')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mlprov;track' {
            [CompletionResult]::new('--glob', '--glob', [CompletionResultType]::ParameterName, 'Also everything that a pattern matches, each by itself, as in ''raw/**/*.csv'' (repeatable)')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'Threads to hash with [default: one per core]')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'Threads to hash with [default: one per core]')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'With s3://BUCKET/PREFIX: record what lies there already, by its versions, as a dataset at this path')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--append', '--append', [CompletionResultType]::ParameterName, 'Keep the files of the version before that do not lie in the work tree')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Show what would be tracked, and write nothing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be tracked, and write nothing')
            [CompletionResult]::new('--deep', '--deep', [CompletionResultType]::ParameterName, 'With --as: read every byte once, so that the record says what they are')
            [CompletionResult]::new('--checksums', '--checksums', [CompletionResultType]::ParameterName, 'With --as: ask S3 for the checksum of each object (one request each)')
            [CompletionResult]::new('--copy', '--copy', [CompletionResultType]::ParameterName, 'With --as: have the server copy everything into the project''s own store, and record the copies')
            [CompletionResult]::new('--allow-mutable', '--allow-mutable', [CompletionResultType]::ParameterName, 'With --as: also objects without versions, which can be overwritten; `verify` never says more than incomplete')
            [CompletionResult]::new('--no-upload', '--no-upload', [CompletionResultType]::ParameterName, 'Keep what is new in this clone until the next `mlprov sync`')
            [CompletionResult]::new('--repair', '--repair', [CompletionResultType]::ParameterName, 'Read everything again, in the work tree and in the store, and replace what is damaged in the store')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mlprov;add' {
            [CompletionResult]::new('--glob', '--glob', [CompletionResultType]::ParameterName, 'Also everything that a pattern matches, each by itself, as in ''raw/**/*.csv'' (repeatable)')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'Threads to hash with [default: one per core]')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'Threads to hash with [default: one per core]')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'With s3://BUCKET/PREFIX: record what lies there already, by its versions, as a dataset at this path')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--append', '--append', [CompletionResultType]::ParameterName, 'Keep the files of the version before that do not lie in the work tree')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Show what would be tracked, and write nothing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be tracked, and write nothing')
            [CompletionResult]::new('--deep', '--deep', [CompletionResultType]::ParameterName, 'With --as: read every byte once, so that the record says what they are')
            [CompletionResult]::new('--checksums', '--checksums', [CompletionResultType]::ParameterName, 'With --as: ask S3 for the checksum of each object (one request each)')
            [CompletionResult]::new('--copy', '--copy', [CompletionResultType]::ParameterName, 'With --as: have the server copy everything into the project''s own store, and record the copies')
            [CompletionResult]::new('--allow-mutable', '--allow-mutable', [CompletionResultType]::ParameterName, 'With --as: also objects without versions, which can be overwritten; `verify` never says more than incomplete')
            [CompletionResult]::new('--no-upload', '--no-upload', [CompletionResultType]::ParameterName, 'Keep what is new in this clone until the next `mlprov sync`')
            [CompletionResult]::new('--repair', '--repair', [CompletionResultType]::ParameterName, 'Read everything again, in the work tree and in the store, and replace what is damaged in the store')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mlprov;untrack' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Show what would be removed, and change nothing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be removed, and change nothing')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mlprov;status' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mlprov;ls' {
            [CompletionResult]::new('--rev', '--rev', [CompletionResultType]::ParameterName, 'As of this commit, branch or tag [default: the work tree]')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--manifest', '--manifest', [CompletionResultType]::ParameterName, 'Print the dataset''s manifest, as `b3sum --check` reads it')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mlprov;restore' {
            [CompletionResult]::new('--rev', '--rev', [CompletionResultType]::ParameterName, 'As of this commit, branch or tag [default: what the pointers in the work tree name]')
            [CompletionResult]::new('--run', '--run', [CompletionResultType]::ParameterName, 'What this run read and made (ID as in `show`)')
            [CompletionResult]::new('--to', '--to', [CompletionResultType]::ParameterName, 'Write below this directory instead of the work tree')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Overwrite files whose content is stored nowhere')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Show what would be written and removed, and change nothing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be written and removed, and change nothing')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mlprov;diff' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'List all files, not only the first of each dataset')
            [CompletionResult]::new('--exit-code', '--exit-code', [CompletionResultType]::ParameterName, 'Exit with 1 if anything differs')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mlprov;du' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mlprov;prune' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Remove what is listed without it')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mlprov;merge' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Show what would come of it, and write nothing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would come of it, and write nothing')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mlprov;run' {
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Name of the run')
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'Name of the run')
            [CompletionResult]::new('-d', '-d', [CompletionResultType]::ParameterName, 'Data that the command reads; with --source also NAME=PATH, for data that lies elsewhere there (repeatable)')
            [CompletionResult]::new('--input', '--input', [CompletionResultType]::ParameterName, 'Data that the command reads; with --source also NAME=PATH, for data that lies elsewhere there (repeatable)')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'File or directory that the command makes (repeatable)')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'File or directory that the command makes (repeatable)')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'Metrics file that the command makes: JSON, YAML, TOML, or CSV (the last value of each column) (repeatable)')
            [CompletionResult]::new('--metrics', '--metrics', [CompletionResultType]::ParameterName, 'Metrics file that the command makes: JSON, YAML, TOML, or CSV (the last value of each column) (repeatable)')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Parameters file: JSON, YAML or TOML (repeatable)')
            [CompletionResult]::new('--params', '--params', [CompletionResultType]::ParameterName, 'Parameters file: JSON, YAML or TOML (repeatable)')
            [CompletionResult]::new('-S', '-S ', [CompletionResultType]::ParameterName, 'Another value for a parameter, for the time of the run: [FILE:]KEY=VALUE (repeatable)')
            [CompletionResult]::new('--set-param', '--set-param', [CompletionResultType]::ParameterName, 'Another value for a parameter, for the time of the run: [FILE:]KEY=VALUE (repeatable)')
            [CompletionResult]::new('--require', '--require', [CompletionResultType]::ParameterName, 'What a metric must reach, as in ''acc >= 0.9''; else the run fails (repeatable)')
            [CompletionResult]::new('--sweep', '--sweep', [CompletionResultType]::ParameterName, 'Name of the sweep that the run belongs to')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'Model file that the command makes; it is registered as a model package')
            [CompletionResult]::new('--model-group', '--model-group', [CompletionResultType]::ParameterName, 'Model package group to register it in')
            [CompletionResult]::new('--image', '--image', [CompletionResultType]::ParameterName, 'Container image that runs the model where it is deployed, best as NAME@sha256:DIGEST; without it the package is not deployable as registered')
            [CompletionResult]::new('--source', '--source', [CompletionResultType]::ParameterName, 'Capsule of `mlprov source export`: code and data are as it says, and no repository is needed')
            [CompletionResult]::new('--root', '--root', [CompletionResultType]::ParameterName, 'Directory that holds all paths of the run [default: where it stands]')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--rehash', '--rehash', [CompletionResultType]::ParameterName, 'Read every input again, also those that were not touched since they were read')
            [CompletionResult]::new('--no-log', '--no-log', [CompletionResultType]::ParameterName, 'Do not keep what the command prints (else its last 1 MiB, without secrets)')
            [CompletionResult]::new('--require-clean', '--require-clean', [CompletionResultType]::ParameterName, 'Refuse to run unless the work tree is exactly the commit')
            [CompletionResult]::new('--worktree', '--worktree', [CompletionResultType]::ParameterName, 'Run in a temporary work tree of its own, so that others can go on meanwhile')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('begin', 'begin', [CompletionResultType]::ParameterValue, 'Begin a run that wraps no command (notebooks, jobs); prints its id')
            [CompletionResult]::new('end', 'end', [CompletionResultType]::ParameterValue, 'End a run that was begun so')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'mlprov;run;begin' {
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Name of the run')
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'Name of the run')
            [CompletionResult]::new('-d', '-d', [CompletionResultType]::ParameterName, 'Data that the command reads; with --source also NAME=PATH, for data that lies elsewhere there (repeatable)')
            [CompletionResult]::new('--input', '--input', [CompletionResultType]::ParameterName, 'Data that the command reads; with --source also NAME=PATH, for data that lies elsewhere there (repeatable)')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'File or directory that the command makes (repeatable)')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'File or directory that the command makes (repeatable)')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'Metrics file that the command makes: JSON, YAML, TOML, or CSV (the last value of each column) (repeatable)')
            [CompletionResult]::new('--metrics', '--metrics', [CompletionResultType]::ParameterName, 'Metrics file that the command makes: JSON, YAML, TOML, or CSV (the last value of each column) (repeatable)')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Parameters file: JSON, YAML or TOML (repeatable)')
            [CompletionResult]::new('--params', '--params', [CompletionResultType]::ParameterName, 'Parameters file: JSON, YAML or TOML (repeatable)')
            [CompletionResult]::new('-S', '-S ', [CompletionResultType]::ParameterName, 'Another value for a parameter, for the time of the run: [FILE:]KEY=VALUE (repeatable)')
            [CompletionResult]::new('--set-param', '--set-param', [CompletionResultType]::ParameterName, 'Another value for a parameter, for the time of the run: [FILE:]KEY=VALUE (repeatable)')
            [CompletionResult]::new('--require', '--require', [CompletionResultType]::ParameterName, 'What a metric must reach, as in ''acc >= 0.9''; else the run fails (repeatable)')
            [CompletionResult]::new('--sweep', '--sweep', [CompletionResultType]::ParameterName, 'Name of the sweep that the run belongs to')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'Model file that the command makes; it is registered as a model package')
            [CompletionResult]::new('--model-group', '--model-group', [CompletionResultType]::ParameterName, 'Model package group to register it in')
            [CompletionResult]::new('--image', '--image', [CompletionResultType]::ParameterName, 'Container image that runs the model where it is deployed, best as NAME@sha256:DIGEST; without it the package is not deployable as registered')
            [CompletionResult]::new('--source', '--source', [CompletionResultType]::ParameterName, 'Capsule of `mlprov source export`: code and data are as it says, and no repository is needed')
            [CompletionResult]::new('--root', '--root', [CompletionResultType]::ParameterName, 'Directory that holds all paths of the run [default: where it stands]')
            [CompletionResult]::new('--pid', '--pid', [CompletionResultType]::ParameterName, 'The process whose end is the run''s end, if nobody ends it before; it then counts as UNKNOWN')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--rehash', '--rehash', [CompletionResultType]::ParameterName, 'Read every input again, also those that were not touched since they were read')
            [CompletionResult]::new('--no-log', '--no-log', [CompletionResultType]::ParameterName, 'Do not keep what the command prints (else its last 1 MiB, without secrets)')
            [CompletionResult]::new('--require-clean', '--require-clean', [CompletionResultType]::ParameterName, 'Refuse to run unless the work tree is exactly the commit')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mlprov;run;end' {
            [CompletionResult]::new('--status', '--status', [CompletionResultType]::ParameterName, 'How it ended [default: by the exit code, else COMPLETE]')
            [CompletionResult]::new('--source', '--source', [CompletionResultType]::ParameterName, 'Capsule that the run was begun with')
            [CompletionResult]::new('--root', '--root', [CompletionResultType]::ParameterName, 'Directory that it was begun with')
            [CompletionResult]::new('--exit-code', '--exit-code', [CompletionResultType]::ParameterName, 'Exit code of what ran')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mlprov;run;help' {
            [CompletionResult]::new('begin', 'begin', [CompletionResultType]::ParameterValue, 'Begin a run that wraps no command (notebooks, jobs); prints its id')
            [CompletionResult]::new('end', 'end', [CompletionResultType]::ParameterValue, 'End a run that was begun so')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'mlprov;run;help;begin' {
            break
        }
        'mlprov;run;help;end' {
            break
        }
        'mlprov;run;help;help' {
            break
        }
        'mlprov;source' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('export', 'export', [CompletionResultType]::ParameterValue, 'Write a signed capsule of code, data, ledger and store, and make a key that may record one run')
            [CompletionResult]::new('extend', 'extend', [CompletionResultType]::ParameterValue, 'Let the key of a capsule record for longer; the capsule stays as it is')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'mlprov;source;export' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Where the capsule goes')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Where the capsule goes')
            [CompletionResult]::new('--valid-for', '--valid-for', [CompletionResultType]::ParameterName, 'How long the key may record: a number with s, m, h or d')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--require-clean', '--require-clean', [CompletionResultType]::ParameterName, 'Refuse unless the work tree is exactly the commit')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mlprov;source;extend' {
            [CompletionResult]::new('--valid-for', '--valid-for', [CompletionResultType]::ParameterName, 'How long, from now on: a number with s, m, h or d')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mlprov;source;help' {
            [CompletionResult]::new('export', 'export', [CompletionResultType]::ParameterValue, 'Write a signed capsule of code, data, ledger and store, and make a key that may record one run')
            [CompletionResult]::new('extend', 'extend', [CompletionResultType]::ParameterValue, 'Let the key of a capsule record for longer; the capsule stays as it is')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'mlprov;source;help;export' {
            break
        }
        'mlprov;source;help;extend' {
            break
        }
        'mlprov;source;help;help' {
            break
        }
        'mlprov;model' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the model packages, with their approval status')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show one: run, commit, data, and who decided what about it')
            [CompletionResult]::new('register', 'register', [CompletionResultType]::ParameterValue, 'Register a file or directory that a run made as a model package, and bind it to the run')
            [CompletionResult]::new('approve', 'approve', [CompletionResultType]::ParameterValue, 'Approve a model package, and record that you did')
            [CompletionResult]::new('reject', 'reject', [CompletionResultType]::ParameterValue, 'Reject a model package, and record that you did; it does not verify from then on')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'mlprov;model;list' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mlprov;model;show' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mlprov;model;register' {
            [CompletionResult]::new('--model-group', '--model-group', [CompletionResultType]::ParameterName, 'Model package group to register it in')
            [CompletionResult]::new('--run', '--run', [CompletionResultType]::ParameterName, 'The run')
            [CompletionResult]::new('--image', '--image', [CompletionResultType]::ParameterName, 'Container image that runs the model where it is deployed, best as NAME@sha256:DIGEST; without it the package is not deployable as registered')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Only show what would be registered, and where')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mlprov;model;approve' {
            [CompletionResult]::new('--note', '--note', [CompletionResultType]::ParameterName, 'What others should know of the decision; it stands in the ledger for ever (repeatable)')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mlprov;model;reject' {
            [CompletionResult]::new('--note', '--note', [CompletionResultType]::ParameterName, 'What others should know of the decision; it stands in the ledger for ever (repeatable)')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mlprov;model;help' {
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the model packages, with their approval status')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show one: run, commit, data, and who decided what about it')
            [CompletionResult]::new('register', 'register', [CompletionResultType]::ParameterValue, 'Register a file or directory that a run made as a model package, and bind it to the run')
            [CompletionResult]::new('approve', 'approve', [CompletionResultType]::ParameterValue, 'Approve a model package, and record that you did')
            [CompletionResult]::new('reject', 'reject', [CompletionResultType]::ParameterValue, 'Reject a model package, and record that you did; it does not verify from then on')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'mlprov;model;help;list' {
            break
        }
        'mlprov;model;help;show' {
            break
        }
        'mlprov;model;help;register' {
            break
        }
        'mlprov;model;help;approve' {
            break
        }
        'mlprov;model;help;reject' {
            break
        }
        'mlprov;model;help;help' {
            break
        }
        'mlprov;bind' {
            [CompletionResult]::new('--model-package', '--model-package', [CompletionResultType]::ParameterName, 'The model package, by its ARN')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--artefact-not-from-run', '--artefact-not-from-run', [CompletionResultType]::ParameterName, 'Bind it even if what it points to is no output of the run; the record says so, and it does not verify as the run''s')
            [CompletionResult]::new('--no-write-back', '--no-write-back', [CompletionResultType]::ParameterName, 'Write nothing into a package that something else made')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mlprov;log' {
            [CompletionResult]::new('--kind', '--kind', [CompletionResultType]::ParameterName, 'Only entries of this kind, e.g. run.finished')
            [CompletionResult]::new('--where', '--where', [CompletionResultType]::ParameterName, 'Only runs for which this is true, as in ''metrics.acc > 0.9 and params.lr = 0.01''')
            [CompletionResult]::new('--dataset', '--dataset', [CompletionResultType]::ParameterName, 'Only runs that read this dataset (its path, or the first digits of its root)')
            [CompletionResult]::new('--commit', '--commit', [CompletionResultType]::ParameterName, 'Only runs that began from this commit')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'Only runs that made a model of this group, or this model package')
            [CompletionResult]::new('--sweep', '--sweep', [CompletionResultType]::ParameterName, 'Only runs of this sweep')
            [CompletionResult]::new('--sort', '--sort', [CompletionResultType]::ParameterName, 'Sort runs by a field, as in metrics.acc; with - before it the largest first')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Who changed this configuration file, when, in which commit, and which runs used it')
            [CompletionResult]::new('--key', '--key', [CompletionResultType]::ParameterName, 'Only changes of this value in it, as in `optimizer.lr`')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'At most N entries')
            [CompletionResult]::new('--max-count', '--max-count', [CompletionResultType]::ParameterName, 'At most N entries')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--table', '--table', [CompletionResultType]::ParameterName, 'Runs as a table of the parameters that differ, and all metrics')
            [CompletionResult]::new('--csv', '--csv', [CompletionResultType]::ParameterName, 'Runs as CSV, with all parameters and metrics')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mlprov;show' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mlprov;graph' {
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Form of the answer; json is the same as --json [default: text]')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'At most N runs, the newest')
            [CompletionResult]::new('--max-count', '--max-count', [CompletionResultType]::ParameterName, 'At most N runs, the newest')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mlprov;reproduce' {
            [CompletionResult]::new('--to', '--to', [CompletionResultType]::ParameterName, 'Where to; it must not exist, or be empty')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--execute', '--execute', [CompletionResultType]::ParameterName, 'Run the command there, with this run as its parent, and compare what it made')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mlprov;verify' {
            [CompletionResult]::new('--trust', '--trust', [CompletionResultType]::ParameterName, 'Rules to go by instead of your own pins: a file, or the rules themselves (also MLPROV_TRUST)')
            [CompletionResult]::new('--min-checkpoint', '--min-checkpoint', [CompletionResultType]::ParameterName, 'A signed checkpoint that the log must continue')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--deep', '--deep', [CompletionResultType]::ParameterName, 'Read every byte and hash it again, also of versions in S3, of which otherwise size and stored checksum are checked')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mlprov;audit' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('cloudtrail', 'cloudtrail', [CompletionResultType]::ParameterValue, 'Read what CloudTrail saw of a run''s data versions and model package')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'mlprov;audit;cloudtrail' {
            [CompletionResult]::new('--bucket', '--bucket', [CompletionResultType]::ParameterName, 'Bucket that the trail delivers to, with the prefix before AWSLogs/ [default: that of [aws] trail]')
            [CompletionResult]::new('--public-keys', '--public-keys', [CompletionResultType]::ParameterName, 'What `aws cloudtrail list-public-keys` printed of the trail''s regions (repeatable) [default: CloudTrail is asked]')
            [CompletionResult]::new('--since', '--since', [CompletionResultType]::ParameterName, 'From this time on, as in 2026-11-20T00:00:00Z [default: an hour before the log first names the data]')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mlprov;audit;help' {
            [CompletionResult]::new('cloudtrail', 'cloudtrail', [CompletionResultType]::ParameterValue, 'Read what CloudTrail saw of a run''s data versions and model package')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'mlprov;audit;help;cloudtrail' {
            break
        }
        'mlprov;audit;help;help' {
            break
        }
        'mlprov;pull' {
            [CompletionResult]::new('--remote', '--remote', [CompletionResultType]::ParameterName, 'Name of the git remote [default: the branch''s, or the only one, or origin]')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Overwrite files that were changed and are stored nowhere')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mlprov;sync' {
            [CompletionResult]::new('--source', '--source', [CompletionResultType]::ParameterName, 'What a run with this capsule left here, and nothing else; no repository is needed')
            [CompletionResult]::new('--remote', '--remote', [CompletionResultType]::ParameterName, 'Name of the git remote [default: the branch''s, or the only one, or origin]')
            [CompletionResult]::new('--since', '--since', [CompletionResultType]::ParameterName, 'Look for commits that no hook saw only after this one')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--fetch', '--fetch', [CompletionResultType]::ParameterName, 'Only fetch')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'Also record commits of other committers that no hook saw (in a CI job that records for all)')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Show what would be published and fetched, and change nothing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be published and fetched, and change nothing')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mlprov;push' {
            [CompletionResult]::new('--source', '--source', [CompletionResultType]::ParameterName, 'What a run with this capsule left here, and nothing else; no repository is needed')
            [CompletionResult]::new('--remote', '--remote', [CompletionResultType]::ParameterName, 'Name of the git remote [default: the branch''s, or the only one, or origin]')
            [CompletionResult]::new('--since', '--since', [CompletionResultType]::ParameterName, 'Look for commits that no hook saw only after this one')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--fetch', '--fetch', [CompletionResultType]::ParameterName, 'Only fetch')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'Also record commits of other committers that no hook saw (in a CI job that records for all)')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Show what would be published and fetched, and change nothing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be published and fetched, and change nothing')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mlprov;migrate' {
            [CompletionResult]::new('--ledger', '--ledger', [CompletionResultType]::ParameterName, 'Where the ledger is to go')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'Where the data is to go; the bucket must keep versions')
            [CompletionResult]::new('--region', '--region', [CompletionResultType]::ParameterName, 'Region of the new places [default: as your AWS settings say]')
            [CompletionResult]::new('--endpoint-url', '--endpoint-url', [CompletionResultType]::ParameterName, 'Server that speaks S3, if it is not AWS; it goes into the project''s settings')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--plan', '--plan', [CompletionResultType]::ParameterName, 'Show what would be done, and change nothing')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Ask nothing; agree to what would be asked')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Ask nothing; agree to what would be asked')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mlprov;key' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show the public keys of this clone')
            [CompletionResult]::new('trust', 'trust', [CompletionResultType]::ParameterValue, 'Accept a log''s key from now on')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List who may write to this log')
            [CompletionResult]::new('request', 'request', [CompletionResultType]::ParameterValue, 'Print your public key, for an admin of the log to admit')
            [CompletionResult]::new('admit', 'admit', [CompletionResultType]::ParameterValue, 'Let a key write to this log; you must be its admin')
            [CompletionResult]::new('revoke', 'revoke', [CompletionResultType]::ParameterValue, 'No longer let a key write; what it signed before stays valid')
            [CompletionResult]::new('rotate', 'rotate', [CompletionResultType]::ParameterValue, 'Replace your writer key in this log by a new one')
            [CompletionResult]::new('export', 'export', [CompletionResultType]::ParameterValue, 'Print the rules by which others can verify this log: for `--trust` and MLPROV_TRUST')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'mlprov;key;show' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--vkey', '--vkey', [CompletionResultType]::ParameterName, 'Only the log''s verifier key line')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mlprov;key;trust' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mlprov;key;list' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mlprov;key;request' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mlprov;key;admit' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--admin', '--admin', [CompletionResultType]::ParameterName, 'It may admit and revoke others, too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mlprov;key;revoke' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mlprov;key;rotate' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mlprov;key;export' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mlprov;key;help' {
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show the public keys of this clone')
            [CompletionResult]::new('trust', 'trust', [CompletionResultType]::ParameterValue, 'Accept a log''s key from now on')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List who may write to this log')
            [CompletionResult]::new('request', 'request', [CompletionResultType]::ParameterValue, 'Print your public key, for an admin of the log to admit')
            [CompletionResult]::new('admit', 'admit', [CompletionResultType]::ParameterValue, 'Let a key write to this log; you must be its admin')
            [CompletionResult]::new('revoke', 'revoke', [CompletionResultType]::ParameterValue, 'No longer let a key write; what it signed before stays valid')
            [CompletionResult]::new('rotate', 'rotate', [CompletionResultType]::ParameterValue, 'Replace your writer key in this log by a new one')
            [CompletionResult]::new('export', 'export', [CompletionResultType]::ParameterValue, 'Print the rules by which others can verify this log: for `--trust` and MLPROV_TRUST')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'mlprov;key;help;show' {
            break
        }
        'mlprov;key;help;trust' {
            break
        }
        'mlprov;key;help;list' {
            break
        }
        'mlprov;key;help;request' {
            break
        }
        'mlprov;key;help;admit' {
            break
        }
        'mlprov;key;help;revoke' {
            break
        }
        'mlprov;key;help;rotate' {
            break
        }
        'mlprov;key;help;export' {
            break
        }
        'mlprov;key;help;help' {
            break
        }
        'mlprov;ledger' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Size, root, and what is published')
            [CompletionResult]::new('checkpoint', 'checkpoint', [CompletionResultType]::ParameterValue, 'Print the signed checkpoint (C2SP tlog-checkpoint); signs the newest entries if they are not yet')
            [CompletionResult]::new('prove', 'prove', [CompletionResultType]::ParameterValue, 'Prove that an entry stands in the log, as a file that can be checked offline')
            [CompletionResult]::new('check-proof', 'check-proof', [CompletionResultType]::ParameterValue, 'Check such a file against the log''s pinned key')
            [CompletionResult]::new('audit', 'audit', [CompletionResultType]::ParameterValue, 'Derive everything again from the entries, and compare')
            [CompletionResult]::new('export', 'export', [CompletionResultType]::ParameterValue, 'Write the log as a static tlog-tiles directory that other clients read')
            [CompletionResult]::new('reindex', 'reindex', [CompletionResultType]::ParameterValue, 'Make tiles and lookups again from the journal')
            [CompletionResult]::new('adopt', 'adopt', [CompletionResultType]::ParameterValue, 'Let a copied or restored log go on under a new id')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'mlprov;ledger;status' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mlprov;ledger;checkpoint' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--publish', '--publish', [CompletionResultType]::ParameterName, 'Of a shared ledger: fetch what others committed, and sign it for all (needs the log''s key; for a CI job)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mlprov;ledger;prove' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Write it here [default: standard output]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Write it here [default: standard output]')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mlprov;ledger;check-proof' {
            [CompletionResult]::new('--trust', '--trust', [CompletionResultType]::ParameterName, 'Rules to go by instead of your own pins: a file, or the rules themselves (also MLPROV_TRUST)')
            [CompletionResult]::new('--min-checkpoint', '--min-checkpoint', [CompletionResultType]::ParameterName, 'A signed checkpoint that the log must continue')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mlprov;ledger;audit' {
            [CompletionResult]::new('--from-dir', '--from-dir', [CompletionResultType]::ParameterName, 'An exported copy instead of this clone''s log')
            [CompletionResult]::new('--trust', '--trust', [CompletionResultType]::ParameterName, 'Rules to go by instead of your own pins: a file, or the rules themselves (also MLPROV_TRUST)')
            [CompletionResult]::new('--min-checkpoint', '--min-checkpoint', [CompletionResultType]::ParameterName, 'A signed checkpoint that the log must continue')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--structure-only', '--structure-only', [CompletionResultType]::ParameterName, 'Leave out the writers'' signatures')
            [CompletionResult]::new('--remote', '--remote', [CompletionResultType]::ParameterName, 'Also read everything that the bucket of a shared ledger holds, from its first object on')
            [CompletionResult]::new('--versions', '--versions', [CompletionResultType]::ParameterName, 'Also look for objects that were overwritten or deleted there')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mlprov;ledger;export' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mlprov;ledger;reindex' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mlprov;ledger;adopt' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mlprov;ledger;help' {
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Size, root, and what is published')
            [CompletionResult]::new('checkpoint', 'checkpoint', [CompletionResultType]::ParameterValue, 'Print the signed checkpoint (C2SP tlog-checkpoint); signs the newest entries if they are not yet')
            [CompletionResult]::new('prove', 'prove', [CompletionResultType]::ParameterValue, 'Prove that an entry stands in the log, as a file that can be checked offline')
            [CompletionResult]::new('check-proof', 'check-proof', [CompletionResultType]::ParameterValue, 'Check such a file against the log''s pinned key')
            [CompletionResult]::new('audit', 'audit', [CompletionResultType]::ParameterValue, 'Derive everything again from the entries, and compare')
            [CompletionResult]::new('export', 'export', [CompletionResultType]::ParameterValue, 'Write the log as a static tlog-tiles directory that other clients read')
            [CompletionResult]::new('reindex', 'reindex', [CompletionResultType]::ParameterValue, 'Make tiles and lookups again from the journal')
            [CompletionResult]::new('adopt', 'adopt', [CompletionResultType]::ParameterValue, 'Let a copied or restored log go on under a new id')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'mlprov;ledger;help;status' {
            break
        }
        'mlprov;ledger;help;checkpoint' {
            break
        }
        'mlprov;ledger;help;prove' {
            break
        }
        'mlprov;ledger;help;check-proof' {
            break
        }
        'mlprov;ledger;help;audit' {
            break
        }
        'mlprov;ledger;help;export' {
            break
        }
        'mlprov;ledger;help;reindex' {
            break
        }
        'mlprov;ledger;help;adopt' {
            break
        }
        'mlprov;ledger;help;help' {
            break
        }
        'mlprov;infra' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('plan', 'plan', [CompletionResultType]::ParameterValue, 'Show what differs between the account and what it shall be; changes nothing')
            [CompletionResult]::new('apply', 'apply', [CompletionResultType]::ParameterValue, 'Make it so, after showing the plan; called again after an interruption it goes on')
            [CompletionResult]::new('destroy', 'destroy', [CompletionResultType]::ParameterValue, 'Delete what can be made again: trail, IAM policies, an empty model package group. Ledger and data stay')
            [CompletionResult]::new('export', 'export', [CompletionResultType]::ParameterValue, 'Print the same for another tool, which then applies it; asks nobody')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show what there is, whoever made it')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'mlprov;infra;plan' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--exit-code', '--exit-code', [CompletionResultType]::ParameterName, 'Exit with 1 if something differs')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mlprov;infra;apply' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Ask nothing; make the changes')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Ask nothing; make the changes')
            [CompletionResult]::new('--iam', '--iam', [CompletionResultType]::ParameterName, 'Also make an IAM policy for each role, and write `iam = true` into the settings; it is attached to nobody')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mlprov;infra;destroy' {
            [CompletionResult]::new('--confirm', '--confirm', [CompletionResultType]::ParameterName, 'The project''s name, where there is no terminal to type it on')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--including-data', '--including-data', [CompletionResultType]::ParameterName, 'Ledger, data and the log''s key, too: they cannot be brought back')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Ask nothing; delete it. With --including-data the project''s name is needed all the same')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Ask nothing; delete it. With --including-data the project''s name is needed all the same')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mlprov;infra;export' {
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'format')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mlprov;infra;show' {
            [CompletionResult]::new('--policy', '--policy', [CompletionResultType]::ParameterName, 'Print the IAM policy of a role instead: no more than it needs')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mlprov;infra;help' {
            [CompletionResult]::new('plan', 'plan', [CompletionResultType]::ParameterValue, 'Show what differs between the account and what it shall be; changes nothing')
            [CompletionResult]::new('apply', 'apply', [CompletionResultType]::ParameterValue, 'Make it so, after showing the plan; called again after an interruption it goes on')
            [CompletionResult]::new('destroy', 'destroy', [CompletionResultType]::ParameterValue, 'Delete what can be made again: trail, IAM policies, an empty model package group. Ledger and data stay')
            [CompletionResult]::new('export', 'export', [CompletionResultType]::ParameterValue, 'Print the same for another tool, which then applies it; asks nobody')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show what there is, whoever made it')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'mlprov;infra;help;plan' {
            break
        }
        'mlprov;infra;help;apply' {
            break
        }
        'mlprov;infra;help;destroy' {
            break
        }
        'mlprov;infra;help;export' {
            break
        }
        'mlprov;infra;help;show' {
            break
        }
        'mlprov;infra;help;help' {
            break
        }
        'mlprov;doctor' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--remote', '--remote', [CompletionResultType]::ParameterName, 'Also ask the buckets of ledger and store for what is relied on')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mlprov;qldb' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('verify-export', 'verify-export', [CompletionResultType]::ParameterValue, 'Verify a journal export, without Amazon''s service')
            [CompletionResult]::new('serve', 'serve', [CompletionResultType]::ParameterValue, 'Serve QLDB''s protocols, for programs that use the official drivers')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'mlprov;qldb;verify-export' {
            [CompletionResult]::new('--digest', '--digest', [CompletionResultType]::ParameterName, 'Digest of the ledger, saved while it lived: base64, or a file')
            [CompletionResult]::new('--proof', '--proof', [CompletionResultType]::ParameterName, 'Proof of a block or revision, which leads to the digest')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mlprov;qldb;serve' {
            [CompletionResult]::new('--dir', '--dir', [CompletionResultType]::ParameterName, 'Directory that the ledgers lie in')
            [CompletionResult]::new('--listen', '--listen', [CompletionResultType]::ParameterName, 'Address and port; port 0 takes a free one')
            [CompletionResult]::new('--access-keys', '--access-keys', [CompletionResultType]::ParameterName, 'File with the access keys that may ask, and their secrets')
            [CompletionResult]::new('--transaction-timeout', '--transaction-timeout', [CompletionResultType]::ParameterName, 'Seconds after which a transaction expires, with its session')
            [CompletionResult]::new('--session-timeout', '--session-timeout', [CompletionResultType]::ParameterName, 'Seconds after which a session expires')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mlprov;qldb;help' {
            [CompletionResult]::new('verify-export', 'verify-export', [CompletionResultType]::ParameterValue, 'Verify a journal export, without Amazon''s service')
            [CompletionResult]::new('serve', 'serve', [CompletionResultType]::ParameterValue, 'Serve QLDB''s protocols, for programs that use the official drivers')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'mlprov;qldb;help;verify-export' {
            break
        }
        'mlprov;qldb;help;serve' {
            break
        }
        'mlprov;qldb;help;help' {
            break
        }
        'mlprov;demo' {
            [CompletionResult]::new('--keep', '--keep', [CompletionResultType]::ParameterName, 'Where to make the throw-away project; it stays there')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mlprov;completions' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mlprov;hooks' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('install', 'install', [CompletionResultType]::ParameterValue, 'Put our block into every hook file, or bring it up to date')
            [CompletionResult]::new('uninstall', 'uninstall', [CompletionResultType]::ParameterValue, 'Take our block out of every hook file; what others wrote stays')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Show which hooks are installed, and where; exit code 1 if one is missing')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'mlprov;hooks;install' {
            [CompletionResult]::new('--hook', '--hook', [CompletionResultType]::ParameterName, 'Only this hook (repeatable)')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mlprov;hooks;uninstall' {
            [CompletionResult]::new('--hook', '--hook', [CompletionResultType]::ParameterName, 'Only this hook (repeatable)')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mlprov;hooks;status' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mlprov;hooks;help' {
            [CompletionResult]::new('install', 'install', [CompletionResultType]::ParameterValue, 'Put our block into every hook file, or bring it up to date')
            [CompletionResult]::new('uninstall', 'uninstall', [CompletionResultType]::ParameterValue, 'Take our block out of every hook file; what others wrote stays')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Show which hooks are installed, and where; exit code 1 if one is missing')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'mlprov;hooks;help;install' {
            break
        }
        'mlprov;hooks;help;uninstall' {
            break
        }
        'mlprov;hooks;help;status' {
            break
        }
        'mlprov;hooks;help;help' {
            break
        }
        'mlprov;hook' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mlprov;merge-driver' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run as if started in DIR')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only answers and errors, no status or hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON document on standard output')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Say nothing of how far a long step has come')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'mlprov;help' {
            [CompletionResult]::new('init', 'init', [CompletionResultType]::ParameterValue, 'Make this repository a project, or join the project that it is')
            [CompletionResult]::new('track', 'track', [CompletionResultType]::ParameterValue, 'Store files as immutable versions and write a small pointer for git')
            [CompletionResult]::new('untrack', 'untrack', [CompletionResultType]::ParameterValue, 'Take the pointer of a dataset away; data, store and history stay')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Show what is modified, not stored, not recorded, or waiting')
            [CompletionResult]::new('ls', 'ls', [CompletionResultType]::ParameterValue, 'List the tracked datasets')
            [CompletionResult]::new('restore', 'restore', [CompletionResultType]::ParameterValue, 'Bring back the data of a commit or a run')
            [CompletionResult]::new('diff', 'diff', [CompletionResultType]::ParameterValue, 'Show which files differ between two versions of the data')
            [CompletionResult]::new('du', 'du', [CompletionResultType]::ParameterValue, 'Show how much the datasets and the store take')
            [CompletionResult]::new('prune', 'prune', [CompletionResultType]::ParameterValue, 'Remove stored contents that nothing refers to')
            [CompletionResult]::new('merge', 'merge', [CompletionResultType]::ParameterValue, 'Merge a pointer that is in conflict, file by file')
            [CompletionResult]::new('run', 'run', [CompletionResultType]::ParameterValue, 'Run a command and record code, data, parameters, metrics, outputs and model')
            [CompletionResult]::new('source', 'source', [CompletionResultType]::ParameterValue, 'Runs where there is no repository: what they need of this one')
            [CompletionResult]::new('model', 'model', [CompletionResultType]::ParameterValue, 'Model packages: list, show, register, approve, reject')
            [CompletionResult]::new('bind', 'bind', [CompletionResultType]::ParameterValue, 'Bind a model package that is in the registry already to the run that made it')
            [CompletionResult]::new('log', 'log', [CompletionResultType]::ParameterValue, 'Show what was recorded, newest first; runs filtered, sorted, side by side')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show all that is recorded about a run, commit, entry or model')
            [CompletionResult]::new('graph', 'graph', [CompletionResultType]::ParameterValue, 'Show the lineage: what something came from, and what came of it')
            [CompletionResult]::new('reproduce', 'reproduce', [CompletionResultType]::ParameterValue, 'Lay a run out again: commit, patch, configuration, data; and run it again')
            [CompletionResult]::new('verify', 'verify', [CompletionResultType]::ParameterValue, 'Check every link of a binding; the exit code is the gate')
            [CompletionResult]::new('audit', 'audit', [CompletionResultType]::ParameterValue, 'Ask witnesses that mlprov does not make')
            [CompletionResult]::new('pull', 'pull', [CompletionResultType]::ParameterValue, 'Fetch what others recorded, and restore the data that the pointers name')
            [CompletionResult]::new('sync', 'sync', [CompletionResultType]::ParameterValue, 'Publish what waits, and fetch what others recorded')
            [CompletionResult]::new('migrate', 'migrate', [CompletionResultType]::ParameterValue, 'Move the project: its ledger, its data or both into a bucket, or into another one')
            [CompletionResult]::new('key', 'key', [CompletionResultType]::ParameterValue, 'Show keys, and trust the logs of others')
            [CompletionResult]::new('ledger', 'ledger', [CompletionResultType]::ParameterValue, 'The log itself: state, checkpoints, proofs, audit, export')
            [CompletionResult]::new('infra', 'infra', [CompletionResultType]::ParameterValue, 'The buckets of ledger and data: what they shall be, what they are, and making them so')
            [CompletionResult]::new('doctor', 'doctor', [CompletionResultType]::ParameterValue, 'Check whether everything is as it should be, and what to do')
            [CompletionResult]::new('qldb', 'qldb', [CompletionResultType]::ParameterValue, 'What Amazon QLDB left behind')
            [CompletionResult]::new('demo', 'demo', [CompletionResultType]::ParameterValue, 'The whole story in a throw-away project, with tampering at the end')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print a completion script for your shell')
            [CompletionResult]::new('hooks', 'hooks', [CompletionResultType]::ParameterValue, 'The git hooks that record commits: install, remove, check')
            [CompletionResult]::new('hook', 'hook', [CompletionResultType]::ParameterValue, 'Called by the git hooks')
            [CompletionResult]::new('merge-driver', 'merge-driver', [CompletionResultType]::ParameterValue, 'Called by git to merge pointers')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'mlprov;help;init' {
            break
        }
        'mlprov;help;track' {
            break
        }
        'mlprov;help;untrack' {
            break
        }
        'mlprov;help;status' {
            break
        }
        'mlprov;help;ls' {
            break
        }
        'mlprov;help;restore' {
            break
        }
        'mlprov;help;diff' {
            break
        }
        'mlprov;help;du' {
            break
        }
        'mlprov;help;prune' {
            break
        }
        'mlprov;help;merge' {
            break
        }
        'mlprov;help;run' {
            [CompletionResult]::new('begin', 'begin', [CompletionResultType]::ParameterValue, 'Begin a run that wraps no command (notebooks, jobs); prints its id')
            [CompletionResult]::new('end', 'end', [CompletionResultType]::ParameterValue, 'End a run that was begun so')
            break
        }
        'mlprov;help;run;begin' {
            break
        }
        'mlprov;help;run;end' {
            break
        }
        'mlprov;help;source' {
            [CompletionResult]::new('export', 'export', [CompletionResultType]::ParameterValue, 'Write a signed capsule of code, data, ledger and store, and make a key that may record one run')
            [CompletionResult]::new('extend', 'extend', [CompletionResultType]::ParameterValue, 'Let the key of a capsule record for longer; the capsule stays as it is')
            break
        }
        'mlprov;help;source;export' {
            break
        }
        'mlprov;help;source;extend' {
            break
        }
        'mlprov;help;model' {
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the model packages, with their approval status')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show one: run, commit, data, and who decided what about it')
            [CompletionResult]::new('register', 'register', [CompletionResultType]::ParameterValue, 'Register a file or directory that a run made as a model package, and bind it to the run')
            [CompletionResult]::new('approve', 'approve', [CompletionResultType]::ParameterValue, 'Approve a model package, and record that you did')
            [CompletionResult]::new('reject', 'reject', [CompletionResultType]::ParameterValue, 'Reject a model package, and record that you did; it does not verify from then on')
            break
        }
        'mlprov;help;model;list' {
            break
        }
        'mlprov;help;model;show' {
            break
        }
        'mlprov;help;model;register' {
            break
        }
        'mlprov;help;model;approve' {
            break
        }
        'mlprov;help;model;reject' {
            break
        }
        'mlprov;help;bind' {
            break
        }
        'mlprov;help;log' {
            break
        }
        'mlprov;help;show' {
            break
        }
        'mlprov;help;graph' {
            break
        }
        'mlprov;help;reproduce' {
            break
        }
        'mlprov;help;verify' {
            break
        }
        'mlprov;help;audit' {
            [CompletionResult]::new('cloudtrail', 'cloudtrail', [CompletionResultType]::ParameterValue, 'Read what CloudTrail saw of a run''s data versions and model package')
            break
        }
        'mlprov;help;audit;cloudtrail' {
            break
        }
        'mlprov;help;pull' {
            break
        }
        'mlprov;help;sync' {
            break
        }
        'mlprov;help;migrate' {
            break
        }
        'mlprov;help;key' {
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show the public keys of this clone')
            [CompletionResult]::new('trust', 'trust', [CompletionResultType]::ParameterValue, 'Accept a log''s key from now on')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List who may write to this log')
            [CompletionResult]::new('request', 'request', [CompletionResultType]::ParameterValue, 'Print your public key, for an admin of the log to admit')
            [CompletionResult]::new('admit', 'admit', [CompletionResultType]::ParameterValue, 'Let a key write to this log; you must be its admin')
            [CompletionResult]::new('revoke', 'revoke', [CompletionResultType]::ParameterValue, 'No longer let a key write; what it signed before stays valid')
            [CompletionResult]::new('rotate', 'rotate', [CompletionResultType]::ParameterValue, 'Replace your writer key in this log by a new one')
            [CompletionResult]::new('export', 'export', [CompletionResultType]::ParameterValue, 'Print the rules by which others can verify this log: for `--trust` and MLPROV_TRUST')
            break
        }
        'mlprov;help;key;show' {
            break
        }
        'mlprov;help;key;trust' {
            break
        }
        'mlprov;help;key;list' {
            break
        }
        'mlprov;help;key;request' {
            break
        }
        'mlprov;help;key;admit' {
            break
        }
        'mlprov;help;key;revoke' {
            break
        }
        'mlprov;help;key;rotate' {
            break
        }
        'mlprov;help;key;export' {
            break
        }
        'mlprov;help;ledger' {
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Size, root, and what is published')
            [CompletionResult]::new('checkpoint', 'checkpoint', [CompletionResultType]::ParameterValue, 'Print the signed checkpoint (C2SP tlog-checkpoint); signs the newest entries if they are not yet')
            [CompletionResult]::new('prove', 'prove', [CompletionResultType]::ParameterValue, 'Prove that an entry stands in the log, as a file that can be checked offline')
            [CompletionResult]::new('check-proof', 'check-proof', [CompletionResultType]::ParameterValue, 'Check such a file against the log''s pinned key')
            [CompletionResult]::new('audit', 'audit', [CompletionResultType]::ParameterValue, 'Derive everything again from the entries, and compare')
            [CompletionResult]::new('export', 'export', [CompletionResultType]::ParameterValue, 'Write the log as a static tlog-tiles directory that other clients read')
            [CompletionResult]::new('reindex', 'reindex', [CompletionResultType]::ParameterValue, 'Make tiles and lookups again from the journal')
            [CompletionResult]::new('adopt', 'adopt', [CompletionResultType]::ParameterValue, 'Let a copied or restored log go on under a new id')
            break
        }
        'mlprov;help;ledger;status' {
            break
        }
        'mlprov;help;ledger;checkpoint' {
            break
        }
        'mlprov;help;ledger;prove' {
            break
        }
        'mlprov;help;ledger;check-proof' {
            break
        }
        'mlprov;help;ledger;audit' {
            break
        }
        'mlprov;help;ledger;export' {
            break
        }
        'mlprov;help;ledger;reindex' {
            break
        }
        'mlprov;help;ledger;adopt' {
            break
        }
        'mlprov;help;infra' {
            [CompletionResult]::new('plan', 'plan', [CompletionResultType]::ParameterValue, 'Show what differs between the account and what it shall be; changes nothing')
            [CompletionResult]::new('apply', 'apply', [CompletionResultType]::ParameterValue, 'Make it so, after showing the plan; called again after an interruption it goes on')
            [CompletionResult]::new('destroy', 'destroy', [CompletionResultType]::ParameterValue, 'Delete what can be made again: trail, IAM policies, an empty model package group. Ledger and data stay')
            [CompletionResult]::new('export', 'export', [CompletionResultType]::ParameterValue, 'Print the same for another tool, which then applies it; asks nobody')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show what there is, whoever made it')
            break
        }
        'mlprov;help;infra;plan' {
            break
        }
        'mlprov;help;infra;apply' {
            break
        }
        'mlprov;help;infra;destroy' {
            break
        }
        'mlprov;help;infra;export' {
            break
        }
        'mlprov;help;infra;show' {
            break
        }
        'mlprov;help;doctor' {
            break
        }
        'mlprov;help;qldb' {
            [CompletionResult]::new('verify-export', 'verify-export', [CompletionResultType]::ParameterValue, 'Verify a journal export, without Amazon''s service')
            [CompletionResult]::new('serve', 'serve', [CompletionResultType]::ParameterValue, 'Serve QLDB''s protocols, for programs that use the official drivers')
            break
        }
        'mlprov;help;qldb;verify-export' {
            break
        }
        'mlprov;help;qldb;serve' {
            break
        }
        'mlprov;help;demo' {
            break
        }
        'mlprov;help;completions' {
            break
        }
        'mlprov;help;hooks' {
            [CompletionResult]::new('install', 'install', [CompletionResultType]::ParameterValue, 'Put our block into every hook file, or bring it up to date')
            [CompletionResult]::new('uninstall', 'uninstall', [CompletionResultType]::ParameterValue, 'Take our block out of every hook file; what others wrote stays')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Show which hooks are installed, and where; exit code 1 if one is missing')
            break
        }
        'mlprov;help;hooks;install' {
            break
        }
        'mlprov;help;hooks;uninstall' {
            break
        }
        'mlprov;help;hooks;status' {
            break
        }
        'mlprov;help;hook' {
            break
        }
        'mlprov;help;merge-driver' {
            break
        }
        'mlprov;help;help' {
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
