# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_mlprov_global_optspecs
    string join \n C= q/quiet v/verbose json color= no-progress h/help V/version
end

function __fish_mlprov_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_mlprov_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_mlprov_using_subcommand
    set -l cmd (__fish_mlprov_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c mlprov -n "__fish_mlprov_needs_command" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_needs_command" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_needs_command" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_needs_command" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_needs_command" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_needs_command" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_needs_command" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_needs_command" -s V -l version -d 'Print version'
complete -c mlprov -n "__fish_mlprov_needs_command" -f -a "init" -d 'Make this repository a project, or join the project that it is'
complete -c mlprov -n "__fish_mlprov_needs_command" -f -a "track" -d 'Store files as immutable versions and write a small pointer for git'
complete -c mlprov -n "__fish_mlprov_needs_command" -f -a "add" -d 'Store files as immutable versions and write a small pointer for git'
complete -c mlprov -n "__fish_mlprov_needs_command" -f -a "untrack" -d 'Take the pointer of a dataset away; data, store and history stay'
complete -c mlprov -n "__fish_mlprov_needs_command" -f -a "status" -d 'Show what is modified, not stored, not recorded, or waiting'
complete -c mlprov -n "__fish_mlprov_needs_command" -f -a "ls" -d 'List the tracked datasets'
complete -c mlprov -n "__fish_mlprov_needs_command" -f -a "restore" -d 'Bring back the data of a commit or a run'
complete -c mlprov -n "__fish_mlprov_needs_command" -f -a "diff" -d 'Show which files differ between two versions of the data'
complete -c mlprov -n "__fish_mlprov_needs_command" -f -a "du" -d 'Show how much the datasets and the store take'
complete -c mlprov -n "__fish_mlprov_needs_command" -f -a "prune" -d 'Remove stored contents that nothing refers to'
complete -c mlprov -n "__fish_mlprov_needs_command" -f -a "merge" -d 'Merge a pointer that is in conflict, file by file'
complete -c mlprov -n "__fish_mlprov_needs_command" -f -a "run" -d 'Run a command and record code, data, parameters, metrics, outputs and model'
complete -c mlprov -n "__fish_mlprov_needs_command" -f -a "source" -d 'Runs where there is no repository: what they need of this one'
complete -c mlprov -n "__fish_mlprov_needs_command" -f -a "model" -d 'Model packages: list, show, register, approve, reject'
complete -c mlprov -n "__fish_mlprov_needs_command" -f -a "bind" -d 'Bind a model package that is in the registry already to the run that made it'
complete -c mlprov -n "__fish_mlprov_needs_command" -f -a "log" -d 'Show what was recorded, newest first; runs filtered, sorted, side by side'
complete -c mlprov -n "__fish_mlprov_needs_command" -f -a "show" -d 'Show all that is recorded about a run, commit, entry or model'
complete -c mlprov -n "__fish_mlprov_needs_command" -f -a "graph" -d 'Show the lineage: what something came from, and what came of it'
complete -c mlprov -n "__fish_mlprov_needs_command" -f -a "reproduce" -d 'Lay a run out again: commit, patch, configuration, data; and run it again'
complete -c mlprov -n "__fish_mlprov_needs_command" -f -a "verify" -d 'Check every link of a binding; the exit code is the gate'
complete -c mlprov -n "__fish_mlprov_needs_command" -f -a "audit" -d 'Ask witnesses that mlprov does not make'
complete -c mlprov -n "__fish_mlprov_needs_command" -f -a "pull" -d 'Fetch what others recorded, and restore the data that the pointers name'
complete -c mlprov -n "__fish_mlprov_needs_command" -f -a "sync" -d 'Publish what waits, and fetch what others recorded'
complete -c mlprov -n "__fish_mlprov_needs_command" -f -a "push" -d 'Publish what waits, and fetch what others recorded'
complete -c mlprov -n "__fish_mlprov_needs_command" -f -a "migrate" -d 'Move the project: its ledger, its data or both into a bucket, or into another one'
complete -c mlprov -n "__fish_mlprov_needs_command" -f -a "key" -d 'Show keys, and trust the logs of others'
complete -c mlprov -n "__fish_mlprov_needs_command" -f -a "ledger" -d 'The log itself: state, checkpoints, proofs, audit, export'
complete -c mlprov -n "__fish_mlprov_needs_command" -f -a "infra" -d 'The buckets of ledger and data: what they shall be, what they are, and making them so'
complete -c mlprov -n "__fish_mlprov_needs_command" -f -a "doctor" -d 'Check whether everything is as it should be, and what to do'
complete -c mlprov -n "__fish_mlprov_needs_command" -f -a "qldb" -d 'What Amazon QLDB left behind'
complete -c mlprov -n "__fish_mlprov_needs_command" -f -a "demo" -d 'The whole story in a throw-away project, with tampering at the end'
complete -c mlprov -n "__fish_mlprov_needs_command" -f -a "completions" -d 'Print a completion script for your shell'
complete -c mlprov -n "__fish_mlprov_needs_command" -f -a "hooks" -d 'The git hooks that record commits: install, remove, check'
complete -c mlprov -n "__fish_mlprov_needs_command" -f -a "hook" -d 'Called by the git hooks'
complete -c mlprov -n "__fish_mlprov_needs_command" -f -a "merge-driver" -d 'Called by git to merge pointers'
complete -c mlprov -n "__fish_mlprov_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c mlprov -n "__fish_mlprov_using_subcommand init" -l name -d 'Name of a new project [default: the directory\'s name]' -r
complete -c mlprov -n "__fish_mlprov_using_subcommand init" -l ledger -d 'One ledger for all clones of a new project, in a bucket [default: a ledger of each clone\'s own]' -r
complete -c mlprov -n "__fish_mlprov_using_subcommand init" -l store -d 'One store for the data of a new project, in a bucket that keeps versions [default: a store of each clone\'s own]' -r
complete -c mlprov -n "__fish_mlprov_using_subcommand init" -l registry -d 'Where model packages of a new project are registered [default: local]' -r -f -a "local\t''
sagemaker\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand init" -l region -d 'Region of the buckets and of SageMaker [default: as your AWS settings say]' -r
complete -c mlprov -n "__fish_mlprov_using_subcommand init" -l endpoint-url -d 'Server that speaks S3, if it is not AWS; it goes into the project\'s settings' -r
complete -c mlprov -n "__fish_mlprov_using_subcommand init" -l kms-key -d 'KMS key (ARN, id or alias) of the bucket\'s default encryption [default: SSE-S3]' -r
complete -c mlprov -n "__fish_mlprov_using_subcommand init" -l log-key -d 'Sign checkpoints with a key of KMS that has this alias; it is made if there is none [default: a key file]' -r
complete -c mlprov -n "__fish_mlprov_using_subcommand init" -l retention-days -d 'Turn on Object Lock, and let nobody at all delete a version of data or a commit of the ledger for so many days' -r
complete -c mlprov -n "__fish_mlprov_using_subcommand init" -l codecommit -d 'Make a repository of CodeCommit, and add it as a git remote [default NAME: after the project]' -r
complete -c mlprov -n "__fish_mlprov_using_subcommand init" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand init" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand init" -s y -l yes -d 'Ask nothing; agree to what would be asked'
complete -c mlprov -n "__fish_mlprov_using_subcommand init" -l no-hooks -d 'Install no git hooks'
complete -c mlprov -n "__fish_mlprov_using_subcommand init" -l aws -d 'Make what a new project needs in AWS first: a bucket for ledger and data, unless --ledger or --store name one'
complete -c mlprov -n "__fish_mlprov_using_subcommand init" -l plan -d 'Only show what would be made in AWS'
complete -c mlprov -n "__fish_mlprov_using_subcommand init" -l object-lock -d 'Turn on Object Lock, so that objects can be given a retention'
complete -c mlprov -n "__fish_mlprov_using_subcommand init" -l trail -d 'Have CloudTrail log what happens to the bucket; AWS charges for it, and the plan says what'
complete -c mlprov -n "__fish_mlprov_using_subcommand init" -l iam -d 'Make an IAM policy for each role (reader, writer, publisher, auditor); it is attached to nobody'
complete -c mlprov -n "__fish_mlprov_using_subcommand init" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_using_subcommand init" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_using_subcommand init" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_using_subcommand init" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_using_subcommand init" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_using_subcommand track" -l glob -d 'Also everything that a pattern matches, each by itself, as in \'raw/**/*.csv\' (repeatable)' -r
complete -c mlprov -n "__fish_mlprov_using_subcommand track" -s j -l jobs -d 'Threads to hash with [default: one per core]' -r
complete -c mlprov -n "__fish_mlprov_using_subcommand track" -l as -d 'With s3://BUCKET/PREFIX: record what lies there already, by its versions, as a dataset at this path' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand track" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand track" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand track" -l append -d 'Keep the files of the version before that do not lie in the work tree'
complete -c mlprov -n "__fish_mlprov_using_subcommand track" -s n -l dry-run -d 'Show what would be tracked, and write nothing'
complete -c mlprov -n "__fish_mlprov_using_subcommand track" -l deep -d 'With --as: read every byte once, so that the record says what they are'
complete -c mlprov -n "__fish_mlprov_using_subcommand track" -l checksums -d 'With --as: ask S3 for the checksum of each object (one request each)'
complete -c mlprov -n "__fish_mlprov_using_subcommand track" -l copy -d 'With --as: have the server copy everything into the project\'s own store, and record the copies'
complete -c mlprov -n "__fish_mlprov_using_subcommand track" -l allow-mutable -d 'With --as: also objects without versions, which can be overwritten; `verify` never says more than incomplete'
complete -c mlprov -n "__fish_mlprov_using_subcommand track" -l no-upload -d 'Keep what is new in this clone until the next `mlprov sync`'
complete -c mlprov -n "__fish_mlprov_using_subcommand track" -l repair -d 'Read everything again, in the work tree and in the store, and replace what is damaged in the store'
complete -c mlprov -n "__fish_mlprov_using_subcommand track" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_using_subcommand track" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_using_subcommand track" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_using_subcommand track" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_using_subcommand track" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_using_subcommand add" -l glob -d 'Also everything that a pattern matches, each by itself, as in \'raw/**/*.csv\' (repeatable)' -r
complete -c mlprov -n "__fish_mlprov_using_subcommand add" -s j -l jobs -d 'Threads to hash with [default: one per core]' -r
complete -c mlprov -n "__fish_mlprov_using_subcommand add" -l as -d 'With s3://BUCKET/PREFIX: record what lies there already, by its versions, as a dataset at this path' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand add" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand add" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand add" -l append -d 'Keep the files of the version before that do not lie in the work tree'
complete -c mlprov -n "__fish_mlprov_using_subcommand add" -s n -l dry-run -d 'Show what would be tracked, and write nothing'
complete -c mlprov -n "__fish_mlprov_using_subcommand add" -l deep -d 'With --as: read every byte once, so that the record says what they are'
complete -c mlprov -n "__fish_mlprov_using_subcommand add" -l checksums -d 'With --as: ask S3 for the checksum of each object (one request each)'
complete -c mlprov -n "__fish_mlprov_using_subcommand add" -l copy -d 'With --as: have the server copy everything into the project\'s own store, and record the copies'
complete -c mlprov -n "__fish_mlprov_using_subcommand add" -l allow-mutable -d 'With --as: also objects without versions, which can be overwritten; `verify` never says more than incomplete'
complete -c mlprov -n "__fish_mlprov_using_subcommand add" -l no-upload -d 'Keep what is new in this clone until the next `mlprov sync`'
complete -c mlprov -n "__fish_mlprov_using_subcommand add" -l repair -d 'Read everything again, in the work tree and in the store, and replace what is damaged in the store'
complete -c mlprov -n "__fish_mlprov_using_subcommand add" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_using_subcommand add" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_using_subcommand add" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_using_subcommand add" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_using_subcommand add" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_using_subcommand untrack" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand untrack" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand untrack" -s n -l dry-run -d 'Show what would be removed, and change nothing'
complete -c mlprov -n "__fish_mlprov_using_subcommand untrack" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_using_subcommand untrack" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_using_subcommand untrack" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_using_subcommand untrack" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_using_subcommand untrack" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_using_subcommand status" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand status" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand status" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_using_subcommand status" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_using_subcommand status" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_using_subcommand status" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_using_subcommand status" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_using_subcommand ls" -l rev -d 'As of this commit, branch or tag [default: the work tree]' -r
complete -c mlprov -n "__fish_mlprov_using_subcommand ls" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand ls" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand ls" -l manifest -d 'Print the dataset\'s manifest, as `b3sum --check` reads it'
complete -c mlprov -n "__fish_mlprov_using_subcommand ls" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_using_subcommand ls" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_using_subcommand ls" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_using_subcommand ls" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_using_subcommand ls" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_using_subcommand restore" -l rev -d 'As of this commit, branch or tag [default: what the pointers in the work tree name]' -r
complete -c mlprov -n "__fish_mlprov_using_subcommand restore" -l run -d 'What this run read and made (ID as in `show`)' -r
complete -c mlprov -n "__fish_mlprov_using_subcommand restore" -l to -d 'Write below this directory instead of the work tree' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand restore" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand restore" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand restore" -l force -d 'Overwrite files whose content is stored nowhere'
complete -c mlprov -n "__fish_mlprov_using_subcommand restore" -s n -l dry-run -d 'Show what would be written and removed, and change nothing'
complete -c mlprov -n "__fish_mlprov_using_subcommand restore" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_using_subcommand restore" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_using_subcommand restore" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_using_subcommand restore" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_using_subcommand restore" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_using_subcommand diff" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand diff" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand diff" -l all -d 'List all files, not only the first of each dataset'
complete -c mlprov -n "__fish_mlprov_using_subcommand diff" -l exit-code -d 'Exit with 1 if anything differs'
complete -c mlprov -n "__fish_mlprov_using_subcommand diff" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_using_subcommand diff" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_using_subcommand diff" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_using_subcommand diff" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_using_subcommand diff" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_using_subcommand du" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand du" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand du" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_using_subcommand du" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_using_subcommand du" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_using_subcommand du" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_using_subcommand du" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_using_subcommand prune" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand prune" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand prune" -l force -d 'Remove what is listed without it'
complete -c mlprov -n "__fish_mlprov_using_subcommand prune" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_using_subcommand prune" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_using_subcommand prune" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_using_subcommand prune" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_using_subcommand prune" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_using_subcommand merge" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand merge" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand merge" -s n -l dry-run -d 'Show what would come of it, and write nothing'
complete -c mlprov -n "__fish_mlprov_using_subcommand merge" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_using_subcommand merge" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_using_subcommand merge" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_using_subcommand merge" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_using_subcommand merge" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_using_subcommand run; and not __fish_seen_subcommand_from begin end help" -s n -l name -d 'Name of the run' -r
complete -c mlprov -n "__fish_mlprov_using_subcommand run; and not __fish_seen_subcommand_from begin end help" -s d -l input -d 'Data that the command reads; with --source also NAME=PATH, for data that lies elsewhere there (repeatable)' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand run; and not __fish_seen_subcommand_from begin end help" -s o -l output -d 'File or directory that the command makes (repeatable)' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand run; and not __fish_seen_subcommand_from begin end help" -s m -l metrics -d 'Metrics file that the command makes: JSON, YAML, TOML, or CSV (the last value of each column) (repeatable)' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand run; and not __fish_seen_subcommand_from begin end help" -s p -l params -d 'Parameters file: JSON, YAML or TOML (repeatable)' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand run; and not __fish_seen_subcommand_from begin end help" -s S -l set-param -d 'Another value for a parameter, for the time of the run: [FILE:]KEY=VALUE (repeatable)' -r
complete -c mlprov -n "__fish_mlprov_using_subcommand run; and not __fish_seen_subcommand_from begin end help" -l require -d 'What a metric must reach, as in \'acc >= 0.9\'; else the run fails (repeatable)' -r
complete -c mlprov -n "__fish_mlprov_using_subcommand run; and not __fish_seen_subcommand_from begin end help" -l sweep -d 'Name of the sweep that the run belongs to' -r
complete -c mlprov -n "__fish_mlprov_using_subcommand run; and not __fish_seen_subcommand_from begin end help" -l model -d 'Model file that the command makes; it is registered as a model package' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand run; and not __fish_seen_subcommand_from begin end help" -l model-group -d 'Model package group to register it in' -r
complete -c mlprov -n "__fish_mlprov_using_subcommand run; and not __fish_seen_subcommand_from begin end help" -l image -d 'Container image that runs the model where it is deployed, best as NAME@sha256:DIGEST; without it the package is not deployable as registered' -r
complete -c mlprov -n "__fish_mlprov_using_subcommand run; and not __fish_seen_subcommand_from begin end help" -l source -d 'Capsule of `mlprov source export`: code and data are as it says, and no repository is needed' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand run; and not __fish_seen_subcommand_from begin end help" -l root -d 'Directory that holds all paths of the run [default: where it stands]' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand run; and not __fish_seen_subcommand_from begin end help" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand run; and not __fish_seen_subcommand_from begin end help" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand run; and not __fish_seen_subcommand_from begin end help" -l rehash -d 'Read every input again, also those that were not touched since they were read'
complete -c mlprov -n "__fish_mlprov_using_subcommand run; and not __fish_seen_subcommand_from begin end help" -l no-log -d 'Do not keep what the command prints (else its last 1 MiB, without secrets)'
complete -c mlprov -n "__fish_mlprov_using_subcommand run; and not __fish_seen_subcommand_from begin end help" -l require-clean -d 'Refuse to run unless the work tree is exactly the commit'
complete -c mlprov -n "__fish_mlprov_using_subcommand run; and not __fish_seen_subcommand_from begin end help" -l worktree -d 'Run in a temporary work tree of its own, so that others can go on meanwhile'
complete -c mlprov -n "__fish_mlprov_using_subcommand run; and not __fish_seen_subcommand_from begin end help" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_using_subcommand run; and not __fish_seen_subcommand_from begin end help" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_using_subcommand run; and not __fish_seen_subcommand_from begin end help" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_using_subcommand run; and not __fish_seen_subcommand_from begin end help" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_using_subcommand run; and not __fish_seen_subcommand_from begin end help" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_using_subcommand run; and not __fish_seen_subcommand_from begin end help" -a "begin" -d 'Begin a run that wraps no command (notebooks, jobs); prints its id'
complete -c mlprov -n "__fish_mlprov_using_subcommand run; and not __fish_seen_subcommand_from begin end help" -a "end" -d 'End a run that was begun so'
complete -c mlprov -n "__fish_mlprov_using_subcommand run; and not __fish_seen_subcommand_from begin end help" -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c mlprov -n "__fish_mlprov_using_subcommand run; and __fish_seen_subcommand_from begin" -s n -l name -d 'Name of the run' -r
complete -c mlprov -n "__fish_mlprov_using_subcommand run; and __fish_seen_subcommand_from begin" -s d -l input -d 'Data that the command reads; with --source also NAME=PATH, for data that lies elsewhere there (repeatable)' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand run; and __fish_seen_subcommand_from begin" -s o -l output -d 'File or directory that the command makes (repeatable)' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand run; and __fish_seen_subcommand_from begin" -s m -l metrics -d 'Metrics file that the command makes: JSON, YAML, TOML, or CSV (the last value of each column) (repeatable)' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand run; and __fish_seen_subcommand_from begin" -s p -l params -d 'Parameters file: JSON, YAML or TOML (repeatable)' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand run; and __fish_seen_subcommand_from begin" -s S -l set-param -d 'Another value for a parameter, for the time of the run: [FILE:]KEY=VALUE (repeatable)' -r
complete -c mlprov -n "__fish_mlprov_using_subcommand run; and __fish_seen_subcommand_from begin" -l require -d 'What a metric must reach, as in \'acc >= 0.9\'; else the run fails (repeatable)' -r
complete -c mlprov -n "__fish_mlprov_using_subcommand run; and __fish_seen_subcommand_from begin" -l sweep -d 'Name of the sweep that the run belongs to' -r
complete -c mlprov -n "__fish_mlprov_using_subcommand run; and __fish_seen_subcommand_from begin" -l model -d 'Model file that the command makes; it is registered as a model package' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand run; and __fish_seen_subcommand_from begin" -l model-group -d 'Model package group to register it in' -r
complete -c mlprov -n "__fish_mlprov_using_subcommand run; and __fish_seen_subcommand_from begin" -l image -d 'Container image that runs the model where it is deployed, best as NAME@sha256:DIGEST; without it the package is not deployable as registered' -r
complete -c mlprov -n "__fish_mlprov_using_subcommand run; and __fish_seen_subcommand_from begin" -l source -d 'Capsule of `mlprov source export`: code and data are as it says, and no repository is needed' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand run; and __fish_seen_subcommand_from begin" -l root -d 'Directory that holds all paths of the run [default: where it stands]' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand run; and __fish_seen_subcommand_from begin" -l pid -d 'The process whose end is the run\'s end, if nobody ends it before; it then counts as UNKNOWN' -r
complete -c mlprov -n "__fish_mlprov_using_subcommand run; and __fish_seen_subcommand_from begin" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand run; and __fish_seen_subcommand_from begin" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand run; and __fish_seen_subcommand_from begin" -l rehash -d 'Read every input again, also those that were not touched since they were read'
complete -c mlprov -n "__fish_mlprov_using_subcommand run; and __fish_seen_subcommand_from begin" -l no-log -d 'Do not keep what the command prints (else its last 1 MiB, without secrets)'
complete -c mlprov -n "__fish_mlprov_using_subcommand run; and __fish_seen_subcommand_from begin" -l require-clean -d 'Refuse to run unless the work tree is exactly the commit'
complete -c mlprov -n "__fish_mlprov_using_subcommand run; and __fish_seen_subcommand_from begin" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_using_subcommand run; and __fish_seen_subcommand_from begin" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_using_subcommand run; and __fish_seen_subcommand_from begin" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_using_subcommand run; and __fish_seen_subcommand_from begin" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_using_subcommand run; and __fish_seen_subcommand_from begin" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_using_subcommand run; and __fish_seen_subcommand_from end" -l status -d 'How it ended [default: by the exit code, else COMPLETE]' -r -f -a "COMPLETE\t''
FAIL\t''
ABORT\t''
UNKNOWN\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand run; and __fish_seen_subcommand_from end" -l source -d 'Capsule that the run was begun with' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand run; and __fish_seen_subcommand_from end" -l root -d 'Directory that it was begun with' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand run; and __fish_seen_subcommand_from end" -l exit-code -d 'Exit code of what ran' -r
complete -c mlprov -n "__fish_mlprov_using_subcommand run; and __fish_seen_subcommand_from end" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand run; and __fish_seen_subcommand_from end" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand run; and __fish_seen_subcommand_from end" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_using_subcommand run; and __fish_seen_subcommand_from end" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_using_subcommand run; and __fish_seen_subcommand_from end" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_using_subcommand run; and __fish_seen_subcommand_from end" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_using_subcommand run; and __fish_seen_subcommand_from end" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_using_subcommand run; and __fish_seen_subcommand_from help" -f -a "begin" -d 'Begin a run that wraps no command (notebooks, jobs); prints its id'
complete -c mlprov -n "__fish_mlprov_using_subcommand run; and __fish_seen_subcommand_from help" -f -a "end" -d 'End a run that was begun so'
complete -c mlprov -n "__fish_mlprov_using_subcommand run; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c mlprov -n "__fish_mlprov_using_subcommand source; and not __fish_seen_subcommand_from export extend help" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand source; and not __fish_seen_subcommand_from export extend help" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand source; and not __fish_seen_subcommand_from export extend help" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_using_subcommand source; and not __fish_seen_subcommand_from export extend help" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_using_subcommand source; and not __fish_seen_subcommand_from export extend help" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_using_subcommand source; and not __fish_seen_subcommand_from export extend help" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_using_subcommand source; and not __fish_seen_subcommand_from export extend help" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_using_subcommand source; and not __fish_seen_subcommand_from export extend help" -f -a "export" -d 'Write a signed capsule of code, data, ledger and store, and make a key that may record one run'
complete -c mlprov -n "__fish_mlprov_using_subcommand source; and not __fish_seen_subcommand_from export extend help" -f -a "extend" -d 'Let the key of a capsule record for longer; the capsule stays as it is'
complete -c mlprov -n "__fish_mlprov_using_subcommand source; and not __fish_seen_subcommand_from export extend help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c mlprov -n "__fish_mlprov_using_subcommand source; and __fish_seen_subcommand_from export" -s o -l output -d 'Where the capsule goes' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand source; and __fish_seen_subcommand_from export" -l valid-for -d 'How long the key may record: a number with s, m, h or d' -r
complete -c mlprov -n "__fish_mlprov_using_subcommand source; and __fish_seen_subcommand_from export" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand source; and __fish_seen_subcommand_from export" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand source; and __fish_seen_subcommand_from export" -l require-clean -d 'Refuse unless the work tree is exactly the commit'
complete -c mlprov -n "__fish_mlprov_using_subcommand source; and __fish_seen_subcommand_from export" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_using_subcommand source; and __fish_seen_subcommand_from export" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_using_subcommand source; and __fish_seen_subcommand_from export" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_using_subcommand source; and __fish_seen_subcommand_from export" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_using_subcommand source; and __fish_seen_subcommand_from export" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_using_subcommand source; and __fish_seen_subcommand_from extend" -l valid-for -d 'How long, from now on: a number with s, m, h or d' -r
complete -c mlprov -n "__fish_mlprov_using_subcommand source; and __fish_seen_subcommand_from extend" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand source; and __fish_seen_subcommand_from extend" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand source; and __fish_seen_subcommand_from extend" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_using_subcommand source; and __fish_seen_subcommand_from extend" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_using_subcommand source; and __fish_seen_subcommand_from extend" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_using_subcommand source; and __fish_seen_subcommand_from extend" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_using_subcommand source; and __fish_seen_subcommand_from extend" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_using_subcommand source; and __fish_seen_subcommand_from help" -f -a "export" -d 'Write a signed capsule of code, data, ledger and store, and make a key that may record one run'
complete -c mlprov -n "__fish_mlprov_using_subcommand source; and __fish_seen_subcommand_from help" -f -a "extend" -d 'Let the key of a capsule record for longer; the capsule stays as it is'
complete -c mlprov -n "__fish_mlprov_using_subcommand source; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c mlprov -n "__fish_mlprov_using_subcommand model; and not __fish_seen_subcommand_from list show register approve reject help" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand model; and not __fish_seen_subcommand_from list show register approve reject help" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand model; and not __fish_seen_subcommand_from list show register approve reject help" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_using_subcommand model; and not __fish_seen_subcommand_from list show register approve reject help" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_using_subcommand model; and not __fish_seen_subcommand_from list show register approve reject help" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_using_subcommand model; and not __fish_seen_subcommand_from list show register approve reject help" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_using_subcommand model; and not __fish_seen_subcommand_from list show register approve reject help" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_using_subcommand model; and not __fish_seen_subcommand_from list show register approve reject help" -f -a "list" -d 'List the model packages, with their approval status'
complete -c mlprov -n "__fish_mlprov_using_subcommand model; and not __fish_seen_subcommand_from list show register approve reject help" -f -a "show" -d 'Show one: run, commit, data, and who decided what about it'
complete -c mlprov -n "__fish_mlprov_using_subcommand model; and not __fish_seen_subcommand_from list show register approve reject help" -f -a "register" -d 'Register a file or directory that a run made as a model package, and bind it to the run'
complete -c mlprov -n "__fish_mlprov_using_subcommand model; and not __fish_seen_subcommand_from list show register approve reject help" -f -a "approve" -d 'Approve a model package, and record that you did'
complete -c mlprov -n "__fish_mlprov_using_subcommand model; and not __fish_seen_subcommand_from list show register approve reject help" -f -a "reject" -d 'Reject a model package, and record that you did; it does not verify from then on'
complete -c mlprov -n "__fish_mlprov_using_subcommand model; and not __fish_seen_subcommand_from list show register approve reject help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c mlprov -n "__fish_mlprov_using_subcommand model; and __fish_seen_subcommand_from list" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand model; and __fish_seen_subcommand_from list" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand model; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_using_subcommand model; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_using_subcommand model; and __fish_seen_subcommand_from list" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_using_subcommand model; and __fish_seen_subcommand_from list" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_using_subcommand model; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_using_subcommand model; and __fish_seen_subcommand_from show" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand model; and __fish_seen_subcommand_from show" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand model; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_using_subcommand model; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_using_subcommand model; and __fish_seen_subcommand_from show" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_using_subcommand model; and __fish_seen_subcommand_from show" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_using_subcommand model; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_using_subcommand model; and __fish_seen_subcommand_from register" -l model-group -d 'Model package group to register it in' -r
complete -c mlprov -n "__fish_mlprov_using_subcommand model; and __fish_seen_subcommand_from register" -l run -d 'The run' -r
complete -c mlprov -n "__fish_mlprov_using_subcommand model; and __fish_seen_subcommand_from register" -l image -d 'Container image that runs the model where it is deployed, best as NAME@sha256:DIGEST; without it the package is not deployable as registered' -r
complete -c mlprov -n "__fish_mlprov_using_subcommand model; and __fish_seen_subcommand_from register" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand model; and __fish_seen_subcommand_from register" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand model; and __fish_seen_subcommand_from register" -l dry-run -d 'Only show what would be registered, and where'
complete -c mlprov -n "__fish_mlprov_using_subcommand model; and __fish_seen_subcommand_from register" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_using_subcommand model; and __fish_seen_subcommand_from register" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_using_subcommand model; and __fish_seen_subcommand_from register" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_using_subcommand model; and __fish_seen_subcommand_from register" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_using_subcommand model; and __fish_seen_subcommand_from register" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_using_subcommand model; and __fish_seen_subcommand_from approve" -l note -d 'What others should know of the decision; it stands in the ledger for ever (repeatable)' -r
complete -c mlprov -n "__fish_mlprov_using_subcommand model; and __fish_seen_subcommand_from approve" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand model; and __fish_seen_subcommand_from approve" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand model; and __fish_seen_subcommand_from approve" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_using_subcommand model; and __fish_seen_subcommand_from approve" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_using_subcommand model; and __fish_seen_subcommand_from approve" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_using_subcommand model; and __fish_seen_subcommand_from approve" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_using_subcommand model; and __fish_seen_subcommand_from approve" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_using_subcommand model; and __fish_seen_subcommand_from reject" -l note -d 'What others should know of the decision; it stands in the ledger for ever (repeatable)' -r
complete -c mlprov -n "__fish_mlprov_using_subcommand model; and __fish_seen_subcommand_from reject" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand model; and __fish_seen_subcommand_from reject" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand model; and __fish_seen_subcommand_from reject" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_using_subcommand model; and __fish_seen_subcommand_from reject" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_using_subcommand model; and __fish_seen_subcommand_from reject" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_using_subcommand model; and __fish_seen_subcommand_from reject" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_using_subcommand model; and __fish_seen_subcommand_from reject" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_using_subcommand model; and __fish_seen_subcommand_from help" -f -a "list" -d 'List the model packages, with their approval status'
complete -c mlprov -n "__fish_mlprov_using_subcommand model; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show one: run, commit, data, and who decided what about it'
complete -c mlprov -n "__fish_mlprov_using_subcommand model; and __fish_seen_subcommand_from help" -f -a "register" -d 'Register a file or directory that a run made as a model package, and bind it to the run'
complete -c mlprov -n "__fish_mlprov_using_subcommand model; and __fish_seen_subcommand_from help" -f -a "approve" -d 'Approve a model package, and record that you did'
complete -c mlprov -n "__fish_mlprov_using_subcommand model; and __fish_seen_subcommand_from help" -f -a "reject" -d 'Reject a model package, and record that you did; it does not verify from then on'
complete -c mlprov -n "__fish_mlprov_using_subcommand model; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c mlprov -n "__fish_mlprov_using_subcommand bind" -l model-package -d 'The model package, by its ARN' -r
complete -c mlprov -n "__fish_mlprov_using_subcommand bind" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand bind" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand bind" -l artefact-not-from-run -d 'Bind it even if what it points to is no output of the run; the record says so, and it does not verify as the run\'s'
complete -c mlprov -n "__fish_mlprov_using_subcommand bind" -l no-write-back -d 'Write nothing into a package that something else made'
complete -c mlprov -n "__fish_mlprov_using_subcommand bind" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_using_subcommand bind" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_using_subcommand bind" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_using_subcommand bind" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_using_subcommand bind" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_using_subcommand log" -l kind -d 'Only entries of this kind, e.g. run.finished' -r
complete -c mlprov -n "__fish_mlprov_using_subcommand log" -l where -d 'Only runs for which this is true, as in \'metrics.acc > 0.9 and params.lr = 0.01\'' -r
complete -c mlprov -n "__fish_mlprov_using_subcommand log" -l dataset -d 'Only runs that read this dataset (its path, or the first digits of its root)' -r
complete -c mlprov -n "__fish_mlprov_using_subcommand log" -l commit -d 'Only runs that began from this commit' -r
complete -c mlprov -n "__fish_mlprov_using_subcommand log" -l model -d 'Only runs that made a model of this group, or this model package' -r
complete -c mlprov -n "__fish_mlprov_using_subcommand log" -l sweep -d 'Only runs of this sweep' -r
complete -c mlprov -n "__fish_mlprov_using_subcommand log" -l sort -d 'Sort runs by a field, as in metrics.acc; with - before it the largest first' -r
complete -c mlprov -n "__fish_mlprov_using_subcommand log" -l config -d 'Who changed this configuration file, when, in which commit, and which runs used it' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand log" -l key -d 'Only changes of this value in it, as in `optimizer.lr`' -r
complete -c mlprov -n "__fish_mlprov_using_subcommand log" -s n -l max-count -d 'At most N entries' -r
complete -c mlprov -n "__fish_mlprov_using_subcommand log" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand log" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand log" -l table -d 'Runs as a table of the parameters that differ, and all metrics'
complete -c mlprov -n "__fish_mlprov_using_subcommand log" -l csv -d 'Runs as CSV, with all parameters and metrics'
complete -c mlprov -n "__fish_mlprov_using_subcommand log" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_using_subcommand log" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_using_subcommand log" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_using_subcommand log" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_using_subcommand log" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_using_subcommand show" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand show" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand show" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_using_subcommand show" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_using_subcommand show" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_using_subcommand show" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_using_subcommand show" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_using_subcommand graph" -l format -d 'Form of the answer; json is the same as --json [default: text]' -r -f -a "text\t''
dot\t''
mermaid\t''
json\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand graph" -s n -l max-count -d 'At most N runs, the newest' -r
complete -c mlprov -n "__fish_mlprov_using_subcommand graph" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand graph" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand graph" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_using_subcommand graph" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_using_subcommand graph" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_using_subcommand graph" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_using_subcommand graph" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_using_subcommand reproduce" -l to -d 'Where to; it must not exist, or be empty' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand reproduce" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand reproduce" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand reproduce" -l execute -d 'Run the command there, with this run as its parent, and compare what it made'
complete -c mlprov -n "__fish_mlprov_using_subcommand reproduce" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_using_subcommand reproduce" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_using_subcommand reproduce" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_using_subcommand reproduce" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_using_subcommand reproduce" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_using_subcommand verify" -l trust -d 'Rules to go by instead of your own pins: a file, or the rules themselves (also MLPROV_TRUST)' -r
complete -c mlprov -n "__fish_mlprov_using_subcommand verify" -l min-checkpoint -d 'A signed checkpoint that the log must continue' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand verify" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand verify" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand verify" -l deep -d 'Read every byte and hash it again, also of versions in S3, of which otherwise size and stored checksum are checked'
complete -c mlprov -n "__fish_mlprov_using_subcommand verify" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_using_subcommand verify" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_using_subcommand verify" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_using_subcommand verify" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_using_subcommand verify" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_using_subcommand audit; and not __fish_seen_subcommand_from cloudtrail help" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand audit; and not __fish_seen_subcommand_from cloudtrail help" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand audit; and not __fish_seen_subcommand_from cloudtrail help" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_using_subcommand audit; and not __fish_seen_subcommand_from cloudtrail help" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_using_subcommand audit; and not __fish_seen_subcommand_from cloudtrail help" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_using_subcommand audit; and not __fish_seen_subcommand_from cloudtrail help" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_using_subcommand audit; and not __fish_seen_subcommand_from cloudtrail help" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_using_subcommand audit; and not __fish_seen_subcommand_from cloudtrail help" -f -a "cloudtrail" -d 'Read what CloudTrail saw of a run\'s data versions and model package'
complete -c mlprov -n "__fish_mlprov_using_subcommand audit; and not __fish_seen_subcommand_from cloudtrail help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c mlprov -n "__fish_mlprov_using_subcommand audit; and __fish_seen_subcommand_from cloudtrail" -l bucket -d 'Bucket that the trail delivers to, with the prefix before AWSLogs/ [default: that of [aws] trail]' -r
complete -c mlprov -n "__fish_mlprov_using_subcommand audit; and __fish_seen_subcommand_from cloudtrail" -l public-keys -d 'What `aws cloudtrail list-public-keys` printed of the trail\'s regions (repeatable) [default: CloudTrail is asked]' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand audit; and __fish_seen_subcommand_from cloudtrail" -l since -d 'From this time on, as in 2026-11-20T00:00:00Z [default: an hour before the log first names the data]' -r
complete -c mlprov -n "__fish_mlprov_using_subcommand audit; and __fish_seen_subcommand_from cloudtrail" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand audit; and __fish_seen_subcommand_from cloudtrail" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand audit; and __fish_seen_subcommand_from cloudtrail" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_using_subcommand audit; and __fish_seen_subcommand_from cloudtrail" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_using_subcommand audit; and __fish_seen_subcommand_from cloudtrail" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_using_subcommand audit; and __fish_seen_subcommand_from cloudtrail" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_using_subcommand audit; and __fish_seen_subcommand_from cloudtrail" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_using_subcommand audit; and __fish_seen_subcommand_from help" -f -a "cloudtrail" -d 'Read what CloudTrail saw of a run\'s data versions and model package'
complete -c mlprov -n "__fish_mlprov_using_subcommand audit; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c mlprov -n "__fish_mlprov_using_subcommand pull" -l remote -d 'Name of the git remote [default: the branch\'s, or the only one, or origin]' -r
complete -c mlprov -n "__fish_mlprov_using_subcommand pull" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand pull" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand pull" -l force -d 'Overwrite files that were changed and are stored nowhere'
complete -c mlprov -n "__fish_mlprov_using_subcommand pull" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_using_subcommand pull" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_using_subcommand pull" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_using_subcommand pull" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_using_subcommand pull" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_using_subcommand sync" -l source -d 'What a run with this capsule left here, and nothing else; no repository is needed' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand sync" -l remote -d 'Name of the git remote [default: the branch\'s, or the only one, or origin]' -r
complete -c mlprov -n "__fish_mlprov_using_subcommand sync" -l since -d 'Look for commits that no hook saw only after this one' -r
complete -c mlprov -n "__fish_mlprov_using_subcommand sync" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand sync" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand sync" -l fetch -d 'Only fetch'
complete -c mlprov -n "__fish_mlprov_using_subcommand sync" -l all -d 'Also record commits of other committers that no hook saw (in a CI job that records for all)'
complete -c mlprov -n "__fish_mlprov_using_subcommand sync" -s n -l dry-run -d 'Show what would be published and fetched, and change nothing'
complete -c mlprov -n "__fish_mlprov_using_subcommand sync" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_using_subcommand sync" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_using_subcommand sync" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_using_subcommand sync" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_using_subcommand sync" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_using_subcommand push" -l source -d 'What a run with this capsule left here, and nothing else; no repository is needed' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand push" -l remote -d 'Name of the git remote [default: the branch\'s, or the only one, or origin]' -r
complete -c mlprov -n "__fish_mlprov_using_subcommand push" -l since -d 'Look for commits that no hook saw only after this one' -r
complete -c mlprov -n "__fish_mlprov_using_subcommand push" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand push" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand push" -l fetch -d 'Only fetch'
complete -c mlprov -n "__fish_mlprov_using_subcommand push" -l all -d 'Also record commits of other committers that no hook saw (in a CI job that records for all)'
complete -c mlprov -n "__fish_mlprov_using_subcommand push" -s n -l dry-run -d 'Show what would be published and fetched, and change nothing'
complete -c mlprov -n "__fish_mlprov_using_subcommand push" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_using_subcommand push" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_using_subcommand push" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_using_subcommand push" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_using_subcommand push" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_using_subcommand migrate" -l ledger -d 'Where the ledger is to go' -r
complete -c mlprov -n "__fish_mlprov_using_subcommand migrate" -l store -d 'Where the data is to go; the bucket must keep versions' -r
complete -c mlprov -n "__fish_mlprov_using_subcommand migrate" -l region -d 'Region of the new places [default: as your AWS settings say]' -r
complete -c mlprov -n "__fish_mlprov_using_subcommand migrate" -l endpoint-url -d 'Server that speaks S3, if it is not AWS; it goes into the project\'s settings' -r
complete -c mlprov -n "__fish_mlprov_using_subcommand migrate" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand migrate" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand migrate" -l plan -d 'Show what would be done, and change nothing'
complete -c mlprov -n "__fish_mlprov_using_subcommand migrate" -s y -l yes -d 'Ask nothing; agree to what would be asked'
complete -c mlprov -n "__fish_mlprov_using_subcommand migrate" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_using_subcommand migrate" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_using_subcommand migrate" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_using_subcommand migrate" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_using_subcommand migrate" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and not __fish_seen_subcommand_from show trust list request admit revoke rotate export help" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and not __fish_seen_subcommand_from show trust list request admit revoke rotate export help" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and not __fish_seen_subcommand_from show trust list request admit revoke rotate export help" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and not __fish_seen_subcommand_from show trust list request admit revoke rotate export help" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and not __fish_seen_subcommand_from show trust list request admit revoke rotate export help" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and not __fish_seen_subcommand_from show trust list request admit revoke rotate export help" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and not __fish_seen_subcommand_from show trust list request admit revoke rotate export help" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and not __fish_seen_subcommand_from show trust list request admit revoke rotate export help" -f -a "show" -d 'Show the public keys of this clone'
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and not __fish_seen_subcommand_from show trust list request admit revoke rotate export help" -f -a "trust" -d 'Accept a log\'s key from now on'
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and not __fish_seen_subcommand_from show trust list request admit revoke rotate export help" -f -a "list" -d 'List who may write to this log'
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and not __fish_seen_subcommand_from show trust list request admit revoke rotate export help" -f -a "request" -d 'Print your public key, for an admin of the log to admit'
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and not __fish_seen_subcommand_from show trust list request admit revoke rotate export help" -f -a "admit" -d 'Let a key write to this log; you must be its admin'
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and not __fish_seen_subcommand_from show trust list request admit revoke rotate export help" -f -a "revoke" -d 'No longer let a key write; what it signed before stays valid'
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and not __fish_seen_subcommand_from show trust list request admit revoke rotate export help" -f -a "rotate" -d 'Replace your writer key in this log by a new one'
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and not __fish_seen_subcommand_from show trust list request admit revoke rotate export help" -f -a "export" -d 'Print the rules by which others can verify this log: for `--trust` and MLPROV_TRUST'
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and not __fish_seen_subcommand_from show trust list request admit revoke rotate export help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and __fish_seen_subcommand_from show" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and __fish_seen_subcommand_from show" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and __fish_seen_subcommand_from show" -l vkey -d 'Only the log\'s verifier key line'
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and __fish_seen_subcommand_from show" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and __fish_seen_subcommand_from show" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and __fish_seen_subcommand_from trust" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and __fish_seen_subcommand_from trust" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and __fish_seen_subcommand_from trust" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and __fish_seen_subcommand_from trust" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and __fish_seen_subcommand_from trust" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and __fish_seen_subcommand_from trust" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and __fish_seen_subcommand_from trust" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and __fish_seen_subcommand_from list" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and __fish_seen_subcommand_from list" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and __fish_seen_subcommand_from list" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and __fish_seen_subcommand_from list" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and __fish_seen_subcommand_from request" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and __fish_seen_subcommand_from request" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and __fish_seen_subcommand_from request" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and __fish_seen_subcommand_from request" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and __fish_seen_subcommand_from request" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and __fish_seen_subcommand_from request" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and __fish_seen_subcommand_from request" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and __fish_seen_subcommand_from admit" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and __fish_seen_subcommand_from admit" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and __fish_seen_subcommand_from admit" -l admin -d 'It may admit and revoke others, too'
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and __fish_seen_subcommand_from admit" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and __fish_seen_subcommand_from admit" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and __fish_seen_subcommand_from admit" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and __fish_seen_subcommand_from admit" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and __fish_seen_subcommand_from admit" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and __fish_seen_subcommand_from revoke" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and __fish_seen_subcommand_from revoke" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and __fish_seen_subcommand_from revoke" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and __fish_seen_subcommand_from revoke" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and __fish_seen_subcommand_from revoke" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and __fish_seen_subcommand_from revoke" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and __fish_seen_subcommand_from revoke" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and __fish_seen_subcommand_from rotate" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and __fish_seen_subcommand_from rotate" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and __fish_seen_subcommand_from rotate" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and __fish_seen_subcommand_from rotate" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and __fish_seen_subcommand_from rotate" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and __fish_seen_subcommand_from rotate" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and __fish_seen_subcommand_from rotate" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and __fish_seen_subcommand_from export" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and __fish_seen_subcommand_from export" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and __fish_seen_subcommand_from export" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and __fish_seen_subcommand_from export" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and __fish_seen_subcommand_from export" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and __fish_seen_subcommand_from export" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and __fish_seen_subcommand_from export" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show the public keys of this clone'
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and __fish_seen_subcommand_from help" -f -a "trust" -d 'Accept a log\'s key from now on'
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and __fish_seen_subcommand_from help" -f -a "list" -d 'List who may write to this log'
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and __fish_seen_subcommand_from help" -f -a "request" -d 'Print your public key, for an admin of the log to admit'
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and __fish_seen_subcommand_from help" -f -a "admit" -d 'Let a key write to this log; you must be its admin'
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and __fish_seen_subcommand_from help" -f -a "revoke" -d 'No longer let a key write; what it signed before stays valid'
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and __fish_seen_subcommand_from help" -f -a "rotate" -d 'Replace your writer key in this log by a new one'
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and __fish_seen_subcommand_from help" -f -a "export" -d 'Print the rules by which others can verify this log: for `--trust` and MLPROV_TRUST'
complete -c mlprov -n "__fish_mlprov_using_subcommand key; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and not __fish_seen_subcommand_from status checkpoint prove check-proof audit export reindex adopt help" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and not __fish_seen_subcommand_from status checkpoint prove check-proof audit export reindex adopt help" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and not __fish_seen_subcommand_from status checkpoint prove check-proof audit export reindex adopt help" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and not __fish_seen_subcommand_from status checkpoint prove check-proof audit export reindex adopt help" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and not __fish_seen_subcommand_from status checkpoint prove check-proof audit export reindex adopt help" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and not __fish_seen_subcommand_from status checkpoint prove check-proof audit export reindex adopt help" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and not __fish_seen_subcommand_from status checkpoint prove check-proof audit export reindex adopt help" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and not __fish_seen_subcommand_from status checkpoint prove check-proof audit export reindex adopt help" -f -a "status" -d 'Size, root, and what is published'
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and not __fish_seen_subcommand_from status checkpoint prove check-proof audit export reindex adopt help" -f -a "checkpoint" -d 'Print the signed checkpoint (C2SP tlog-checkpoint); signs the newest entries if they are not yet'
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and not __fish_seen_subcommand_from status checkpoint prove check-proof audit export reindex adopt help" -f -a "prove" -d 'Prove that an entry stands in the log, as a file that can be checked offline'
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and not __fish_seen_subcommand_from status checkpoint prove check-proof audit export reindex adopt help" -f -a "check-proof" -d 'Check such a file against the log\'s pinned key'
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and not __fish_seen_subcommand_from status checkpoint prove check-proof audit export reindex adopt help" -f -a "audit" -d 'Derive everything again from the entries, and compare'
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and not __fish_seen_subcommand_from status checkpoint prove check-proof audit export reindex adopt help" -f -a "export" -d 'Write the log as a static tlog-tiles directory that other clients read'
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and not __fish_seen_subcommand_from status checkpoint prove check-proof audit export reindex adopt help" -f -a "reindex" -d 'Make tiles and lookups again from the journal'
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and not __fish_seen_subcommand_from status checkpoint prove check-proof audit export reindex adopt help" -f -a "adopt" -d 'Let a copied or restored log go on under a new id'
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and not __fish_seen_subcommand_from status checkpoint prove check-proof audit export reindex adopt help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from status" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from status" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from status" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from status" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from status" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from status" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from checkpoint" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from checkpoint" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from checkpoint" -l publish -d 'Of a shared ledger: fetch what others committed, and sign it for all (needs the log\'s key; for a CI job)'
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from checkpoint" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from checkpoint" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from checkpoint" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from checkpoint" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from checkpoint" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from prove" -s o -l output -d 'Write it here [default: standard output]' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from prove" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from prove" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from prove" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from prove" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from prove" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from prove" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from prove" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from check-proof" -l trust -d 'Rules to go by instead of your own pins: a file, or the rules themselves (also MLPROV_TRUST)' -r
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from check-proof" -l min-checkpoint -d 'A signed checkpoint that the log must continue' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from check-proof" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from check-proof" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from check-proof" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from check-proof" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from check-proof" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from check-proof" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from check-proof" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from audit" -l from-dir -d 'An exported copy instead of this clone\'s log' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from audit" -l trust -d 'Rules to go by instead of your own pins: a file, or the rules themselves (also MLPROV_TRUST)' -r
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from audit" -l min-checkpoint -d 'A signed checkpoint that the log must continue' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from audit" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from audit" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from audit" -l structure-only -d 'Leave out the writers\' signatures'
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from audit" -l remote -d 'Also read everything that the bucket of a shared ledger holds, from its first object on'
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from audit" -l versions -d 'Also look for objects that were overwritten or deleted there'
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from audit" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from audit" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from audit" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from audit" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from audit" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from export" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from export" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from export" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from export" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from export" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from export" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from export" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from reindex" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from reindex" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from reindex" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from reindex" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from reindex" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from reindex" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from reindex" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from adopt" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from adopt" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from adopt" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from adopt" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from adopt" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from adopt" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from adopt" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from help" -f -a "status" -d 'Size, root, and what is published'
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from help" -f -a "checkpoint" -d 'Print the signed checkpoint (C2SP tlog-checkpoint); signs the newest entries if they are not yet'
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from help" -f -a "prove" -d 'Prove that an entry stands in the log, as a file that can be checked offline'
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from help" -f -a "check-proof" -d 'Check such a file against the log\'s pinned key'
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from help" -f -a "audit" -d 'Derive everything again from the entries, and compare'
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from help" -f -a "export" -d 'Write the log as a static tlog-tiles directory that other clients read'
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from help" -f -a "reindex" -d 'Make tiles and lookups again from the journal'
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from help" -f -a "adopt" -d 'Let a copied or restored log go on under a new id'
complete -c mlprov -n "__fish_mlprov_using_subcommand ledger; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c mlprov -n "__fish_mlprov_using_subcommand infra; and not __fish_seen_subcommand_from plan apply destroy export show help" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand infra; and not __fish_seen_subcommand_from plan apply destroy export show help" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand infra; and not __fish_seen_subcommand_from plan apply destroy export show help" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_using_subcommand infra; and not __fish_seen_subcommand_from plan apply destroy export show help" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_using_subcommand infra; and not __fish_seen_subcommand_from plan apply destroy export show help" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_using_subcommand infra; and not __fish_seen_subcommand_from plan apply destroy export show help" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_using_subcommand infra; and not __fish_seen_subcommand_from plan apply destroy export show help" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_using_subcommand infra; and not __fish_seen_subcommand_from plan apply destroy export show help" -f -a "plan" -d 'Show what differs between the account and what it shall be; changes nothing'
complete -c mlprov -n "__fish_mlprov_using_subcommand infra; and not __fish_seen_subcommand_from plan apply destroy export show help" -f -a "apply" -d 'Make it so, after showing the plan; called again after an interruption it goes on'
complete -c mlprov -n "__fish_mlprov_using_subcommand infra; and not __fish_seen_subcommand_from plan apply destroy export show help" -f -a "destroy" -d 'Delete what can be made again: trail, IAM policies, an empty model package group. Ledger and data stay'
complete -c mlprov -n "__fish_mlprov_using_subcommand infra; and not __fish_seen_subcommand_from plan apply destroy export show help" -f -a "export" -d 'Print the same for another tool, which then applies it; asks nobody'
complete -c mlprov -n "__fish_mlprov_using_subcommand infra; and not __fish_seen_subcommand_from plan apply destroy export show help" -f -a "show" -d 'Show what there is, whoever made it'
complete -c mlprov -n "__fish_mlprov_using_subcommand infra; and not __fish_seen_subcommand_from plan apply destroy export show help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c mlprov -n "__fish_mlprov_using_subcommand infra; and __fish_seen_subcommand_from plan" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand infra; and __fish_seen_subcommand_from plan" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand infra; and __fish_seen_subcommand_from plan" -l exit-code -d 'Exit with 1 if something differs'
complete -c mlprov -n "__fish_mlprov_using_subcommand infra; and __fish_seen_subcommand_from plan" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_using_subcommand infra; and __fish_seen_subcommand_from plan" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_using_subcommand infra; and __fish_seen_subcommand_from plan" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_using_subcommand infra; and __fish_seen_subcommand_from plan" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_using_subcommand infra; and __fish_seen_subcommand_from plan" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_using_subcommand infra; and __fish_seen_subcommand_from apply" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand infra; and __fish_seen_subcommand_from apply" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand infra; and __fish_seen_subcommand_from apply" -s y -l yes -d 'Ask nothing; make the changes'
complete -c mlprov -n "__fish_mlprov_using_subcommand infra; and __fish_seen_subcommand_from apply" -l iam -d 'Also make an IAM policy for each role, and write `iam = true` into the settings; it is attached to nobody'
complete -c mlprov -n "__fish_mlprov_using_subcommand infra; and __fish_seen_subcommand_from apply" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_using_subcommand infra; and __fish_seen_subcommand_from apply" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_using_subcommand infra; and __fish_seen_subcommand_from apply" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_using_subcommand infra; and __fish_seen_subcommand_from apply" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_using_subcommand infra; and __fish_seen_subcommand_from apply" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_using_subcommand infra; and __fish_seen_subcommand_from destroy" -l confirm -d 'The project\'s name, where there is no terminal to type it on' -r
complete -c mlprov -n "__fish_mlprov_using_subcommand infra; and __fish_seen_subcommand_from destroy" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand infra; and __fish_seen_subcommand_from destroy" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand infra; and __fish_seen_subcommand_from destroy" -l including-data -d 'Ledger, data and the log\'s key, too: they cannot be brought back'
complete -c mlprov -n "__fish_mlprov_using_subcommand infra; and __fish_seen_subcommand_from destroy" -s y -l yes -d 'Ask nothing; delete it. With --including-data the project\'s name is needed all the same'
complete -c mlprov -n "__fish_mlprov_using_subcommand infra; and __fish_seen_subcommand_from destroy" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_using_subcommand infra; and __fish_seen_subcommand_from destroy" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_using_subcommand infra; and __fish_seen_subcommand_from destroy" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_using_subcommand infra; and __fish_seen_subcommand_from destroy" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_using_subcommand infra; and __fish_seen_subcommand_from destroy" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_using_subcommand infra; and __fish_seen_subcommand_from export" -l format -r -f -a "terraform\t''
cloudformation\t''
pulumi\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand infra; and __fish_seen_subcommand_from export" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand infra; and __fish_seen_subcommand_from export" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand infra; and __fish_seen_subcommand_from export" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_using_subcommand infra; and __fish_seen_subcommand_from export" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_using_subcommand infra; and __fish_seen_subcommand_from export" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_using_subcommand infra; and __fish_seen_subcommand_from export" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_using_subcommand infra; and __fish_seen_subcommand_from export" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_using_subcommand infra; and __fish_seen_subcommand_from show" -l policy -d 'Print the IAM policy of a role instead: no more than it needs' -r -f -a "reader\t''
writer\t''
publisher\t''
auditor\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand infra; and __fish_seen_subcommand_from show" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand infra; and __fish_seen_subcommand_from show" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand infra; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_using_subcommand infra; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_using_subcommand infra; and __fish_seen_subcommand_from show" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_using_subcommand infra; and __fish_seen_subcommand_from show" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_using_subcommand infra; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_using_subcommand infra; and __fish_seen_subcommand_from help" -f -a "plan" -d 'Show what differs between the account and what it shall be; changes nothing'
complete -c mlprov -n "__fish_mlprov_using_subcommand infra; and __fish_seen_subcommand_from help" -f -a "apply" -d 'Make it so, after showing the plan; called again after an interruption it goes on'
complete -c mlprov -n "__fish_mlprov_using_subcommand infra; and __fish_seen_subcommand_from help" -f -a "destroy" -d 'Delete what can be made again: trail, IAM policies, an empty model package group. Ledger and data stay'
complete -c mlprov -n "__fish_mlprov_using_subcommand infra; and __fish_seen_subcommand_from help" -f -a "export" -d 'Print the same for another tool, which then applies it; asks nobody'
complete -c mlprov -n "__fish_mlprov_using_subcommand infra; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show what there is, whoever made it'
complete -c mlprov -n "__fish_mlprov_using_subcommand infra; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c mlprov -n "__fish_mlprov_using_subcommand doctor" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand doctor" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand doctor" -l remote -d 'Also ask the buckets of ledger and store for what is relied on'
complete -c mlprov -n "__fish_mlprov_using_subcommand doctor" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_using_subcommand doctor" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_using_subcommand doctor" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_using_subcommand doctor" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_using_subcommand doctor" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_using_subcommand qldb; and not __fish_seen_subcommand_from verify-export serve help" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand qldb; and not __fish_seen_subcommand_from verify-export serve help" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand qldb; and not __fish_seen_subcommand_from verify-export serve help" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_using_subcommand qldb; and not __fish_seen_subcommand_from verify-export serve help" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_using_subcommand qldb; and not __fish_seen_subcommand_from verify-export serve help" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_using_subcommand qldb; and not __fish_seen_subcommand_from verify-export serve help" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_using_subcommand qldb; and not __fish_seen_subcommand_from verify-export serve help" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_using_subcommand qldb; and not __fish_seen_subcommand_from verify-export serve help" -f -a "verify-export" -d 'Verify a journal export, without Amazon\'s service'
complete -c mlprov -n "__fish_mlprov_using_subcommand qldb; and not __fish_seen_subcommand_from verify-export serve help" -f -a "serve" -d 'Serve QLDB\'s protocols, for programs that use the official drivers'
complete -c mlprov -n "__fish_mlprov_using_subcommand qldb; and not __fish_seen_subcommand_from verify-export serve help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c mlprov -n "__fish_mlprov_using_subcommand qldb; and __fish_seen_subcommand_from verify-export" -l digest -d 'Digest of the ledger, saved while it lived: base64, or a file' -r
complete -c mlprov -n "__fish_mlprov_using_subcommand qldb; and __fish_seen_subcommand_from verify-export" -l proof -d 'Proof of a block or revision, which leads to the digest' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand qldb; and __fish_seen_subcommand_from verify-export" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand qldb; and __fish_seen_subcommand_from verify-export" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand qldb; and __fish_seen_subcommand_from verify-export" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_using_subcommand qldb; and __fish_seen_subcommand_from verify-export" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_using_subcommand qldb; and __fish_seen_subcommand_from verify-export" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_using_subcommand qldb; and __fish_seen_subcommand_from verify-export" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_using_subcommand qldb; and __fish_seen_subcommand_from verify-export" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_using_subcommand qldb; and __fish_seen_subcommand_from serve" -l dir -d 'Directory that the ledgers lie in' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand qldb; and __fish_seen_subcommand_from serve" -l listen -d 'Address and port; port 0 takes a free one' -r
complete -c mlprov -n "__fish_mlprov_using_subcommand qldb; and __fish_seen_subcommand_from serve" -l access-keys -d 'File with the access keys that may ask, and their secrets' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand qldb; and __fish_seen_subcommand_from serve" -l transaction-timeout -d 'Seconds after which a transaction expires, with its session' -r
complete -c mlprov -n "__fish_mlprov_using_subcommand qldb; and __fish_seen_subcommand_from serve" -l session-timeout -d 'Seconds after which a session expires' -r
complete -c mlprov -n "__fish_mlprov_using_subcommand qldb; and __fish_seen_subcommand_from serve" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand qldb; and __fish_seen_subcommand_from serve" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand qldb; and __fish_seen_subcommand_from serve" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_using_subcommand qldb; and __fish_seen_subcommand_from serve" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_using_subcommand qldb; and __fish_seen_subcommand_from serve" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_using_subcommand qldb; and __fish_seen_subcommand_from serve" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_using_subcommand qldb; and __fish_seen_subcommand_from serve" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_using_subcommand qldb; and __fish_seen_subcommand_from help" -f -a "verify-export" -d 'Verify a journal export, without Amazon\'s service'
complete -c mlprov -n "__fish_mlprov_using_subcommand qldb; and __fish_seen_subcommand_from help" -f -a "serve" -d 'Serve QLDB\'s protocols, for programs that use the official drivers'
complete -c mlprov -n "__fish_mlprov_using_subcommand qldb; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c mlprov -n "__fish_mlprov_using_subcommand demo" -l keep -d 'Where to make the throw-away project; it stays there' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand demo" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand demo" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand demo" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_using_subcommand demo" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_using_subcommand demo" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_using_subcommand demo" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_using_subcommand demo" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_using_subcommand completions" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand completions" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand completions" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_using_subcommand completions" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_using_subcommand completions" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_using_subcommand completions" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_using_subcommand completions" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_using_subcommand hooks; and not __fish_seen_subcommand_from install uninstall status help" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand hooks; and not __fish_seen_subcommand_from install uninstall status help" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand hooks; and not __fish_seen_subcommand_from install uninstall status help" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_using_subcommand hooks; and not __fish_seen_subcommand_from install uninstall status help" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_using_subcommand hooks; and not __fish_seen_subcommand_from install uninstall status help" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_using_subcommand hooks; and not __fish_seen_subcommand_from install uninstall status help" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_using_subcommand hooks; and not __fish_seen_subcommand_from install uninstall status help" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_using_subcommand hooks; and not __fish_seen_subcommand_from install uninstall status help" -f -a "install" -d 'Put our block into every hook file, or bring it up to date'
complete -c mlprov -n "__fish_mlprov_using_subcommand hooks; and not __fish_seen_subcommand_from install uninstall status help" -f -a "uninstall" -d 'Take our block out of every hook file; what others wrote stays'
complete -c mlprov -n "__fish_mlprov_using_subcommand hooks; and not __fish_seen_subcommand_from install uninstall status help" -f -a "status" -d 'Show which hooks are installed, and where; exit code 1 if one is missing'
complete -c mlprov -n "__fish_mlprov_using_subcommand hooks; and not __fish_seen_subcommand_from install uninstall status help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c mlprov -n "__fish_mlprov_using_subcommand hooks; and __fish_seen_subcommand_from install" -l hook -d 'Only this hook (repeatable)' -r -f -a "post-commit\t''
post-merge\t''
post-rewrite\t''
post-applypatch\t''
pre-push\t''
commit-msg\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand hooks; and __fish_seen_subcommand_from install" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand hooks; and __fish_seen_subcommand_from install" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand hooks; and __fish_seen_subcommand_from install" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_using_subcommand hooks; and __fish_seen_subcommand_from install" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_using_subcommand hooks; and __fish_seen_subcommand_from install" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_using_subcommand hooks; and __fish_seen_subcommand_from install" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_using_subcommand hooks; and __fish_seen_subcommand_from install" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_using_subcommand hooks; and __fish_seen_subcommand_from uninstall" -l hook -d 'Only this hook (repeatable)' -r -f -a "post-commit\t''
post-merge\t''
post-rewrite\t''
post-applypatch\t''
pre-push\t''
commit-msg\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand hooks; and __fish_seen_subcommand_from uninstall" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand hooks; and __fish_seen_subcommand_from uninstall" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand hooks; and __fish_seen_subcommand_from uninstall" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_using_subcommand hooks; and __fish_seen_subcommand_from uninstall" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_using_subcommand hooks; and __fish_seen_subcommand_from uninstall" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_using_subcommand hooks; and __fish_seen_subcommand_from uninstall" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_using_subcommand hooks; and __fish_seen_subcommand_from uninstall" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_using_subcommand hooks; and __fish_seen_subcommand_from status" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand hooks; and __fish_seen_subcommand_from status" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand hooks; and __fish_seen_subcommand_from status" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_using_subcommand hooks; and __fish_seen_subcommand_from status" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_using_subcommand hooks; and __fish_seen_subcommand_from status" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_using_subcommand hooks; and __fish_seen_subcommand_from status" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_using_subcommand hooks; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_using_subcommand hooks; and __fish_seen_subcommand_from help" -f -a "install" -d 'Put our block into every hook file, or bring it up to date'
complete -c mlprov -n "__fish_mlprov_using_subcommand hooks; and __fish_seen_subcommand_from help" -f -a "uninstall" -d 'Take our block out of every hook file; what others wrote stays'
complete -c mlprov -n "__fish_mlprov_using_subcommand hooks; and __fish_seen_subcommand_from help" -f -a "status" -d 'Show which hooks are installed, and where; exit code 1 if one is missing'
complete -c mlprov -n "__fish_mlprov_using_subcommand hooks; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c mlprov -n "__fish_mlprov_using_subcommand hook" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand hook" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand hook" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_using_subcommand hook" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_using_subcommand hook" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_using_subcommand hook" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_using_subcommand hook" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_using_subcommand merge-driver" -s C -d 'Run as if started in DIR' -r -F
complete -c mlprov -n "__fish_mlprov_using_subcommand merge-driver" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c mlprov -n "__fish_mlprov_using_subcommand merge-driver" -s q -l quiet -d 'Only answers and errors, no status or hints'
complete -c mlprov -n "__fish_mlprov_using_subcommand merge-driver" -s v -l verbose -d 'Say more about what is done'
complete -c mlprov -n "__fish_mlprov_using_subcommand merge-driver" -l json -d 'One JSON document on standard output'
complete -c mlprov -n "__fish_mlprov_using_subcommand merge-driver" -l no-progress -d 'Say nothing of how far a long step has come'
complete -c mlprov -n "__fish_mlprov_using_subcommand merge-driver" -s h -l help -d 'Print help'
complete -c mlprov -n "__fish_mlprov_using_subcommand help; and not __fish_seen_subcommand_from init track untrack status ls restore diff du prune merge run source model bind log show graph reproduce verify audit pull sync migrate key ledger infra doctor qldb demo completions hooks hook merge-driver help" -f -a "init" -d 'Make this repository a project, or join the project that it is'
complete -c mlprov -n "__fish_mlprov_using_subcommand help; and not __fish_seen_subcommand_from init track untrack status ls restore diff du prune merge run source model bind log show graph reproduce verify audit pull sync migrate key ledger infra doctor qldb demo completions hooks hook merge-driver help" -f -a "track" -d 'Store files as immutable versions and write a small pointer for git'
complete -c mlprov -n "__fish_mlprov_using_subcommand help; and not __fish_seen_subcommand_from init track untrack status ls restore diff du prune merge run source model bind log show graph reproduce verify audit pull sync migrate key ledger infra doctor qldb demo completions hooks hook merge-driver help" -f -a "untrack" -d 'Take the pointer of a dataset away; data, store and history stay'
complete -c mlprov -n "__fish_mlprov_using_subcommand help; and not __fish_seen_subcommand_from init track untrack status ls restore diff du prune merge run source model bind log show graph reproduce verify audit pull sync migrate key ledger infra doctor qldb demo completions hooks hook merge-driver help" -f -a "status" -d 'Show what is modified, not stored, not recorded, or waiting'
complete -c mlprov -n "__fish_mlprov_using_subcommand help; and not __fish_seen_subcommand_from init track untrack status ls restore diff du prune merge run source model bind log show graph reproduce verify audit pull sync migrate key ledger infra doctor qldb demo completions hooks hook merge-driver help" -f -a "ls" -d 'List the tracked datasets'
complete -c mlprov -n "__fish_mlprov_using_subcommand help; and not __fish_seen_subcommand_from init track untrack status ls restore diff du prune merge run source model bind log show graph reproduce verify audit pull sync migrate key ledger infra doctor qldb demo completions hooks hook merge-driver help" -f -a "restore" -d 'Bring back the data of a commit or a run'
complete -c mlprov -n "__fish_mlprov_using_subcommand help; and not __fish_seen_subcommand_from init track untrack status ls restore diff du prune merge run source model bind log show graph reproduce verify audit pull sync migrate key ledger infra doctor qldb demo completions hooks hook merge-driver help" -f -a "diff" -d 'Show which files differ between two versions of the data'
complete -c mlprov -n "__fish_mlprov_using_subcommand help; and not __fish_seen_subcommand_from init track untrack status ls restore diff du prune merge run source model bind log show graph reproduce verify audit pull sync migrate key ledger infra doctor qldb demo completions hooks hook merge-driver help" -f -a "du" -d 'Show how much the datasets and the store take'
complete -c mlprov -n "__fish_mlprov_using_subcommand help; and not __fish_seen_subcommand_from init track untrack status ls restore diff du prune merge run source model bind log show graph reproduce verify audit pull sync migrate key ledger infra doctor qldb demo completions hooks hook merge-driver help" -f -a "prune" -d 'Remove stored contents that nothing refers to'
complete -c mlprov -n "__fish_mlprov_using_subcommand help; and not __fish_seen_subcommand_from init track untrack status ls restore diff du prune merge run source model bind log show graph reproduce verify audit pull sync migrate key ledger infra doctor qldb demo completions hooks hook merge-driver help" -f -a "merge" -d 'Merge a pointer that is in conflict, file by file'
complete -c mlprov -n "__fish_mlprov_using_subcommand help; and not __fish_seen_subcommand_from init track untrack status ls restore diff du prune merge run source model bind log show graph reproduce verify audit pull sync migrate key ledger infra doctor qldb demo completions hooks hook merge-driver help" -f -a "run" -d 'Run a command and record code, data, parameters, metrics, outputs and model'
complete -c mlprov -n "__fish_mlprov_using_subcommand help; and not __fish_seen_subcommand_from init track untrack status ls restore diff du prune merge run source model bind log show graph reproduce verify audit pull sync migrate key ledger infra doctor qldb demo completions hooks hook merge-driver help" -f -a "source" -d 'Runs where there is no repository: what they need of this one'
complete -c mlprov -n "__fish_mlprov_using_subcommand help; and not __fish_seen_subcommand_from init track untrack status ls restore diff du prune merge run source model bind log show graph reproduce verify audit pull sync migrate key ledger infra doctor qldb demo completions hooks hook merge-driver help" -f -a "model" -d 'Model packages: list, show, register, approve, reject'
complete -c mlprov -n "__fish_mlprov_using_subcommand help; and not __fish_seen_subcommand_from init track untrack status ls restore diff du prune merge run source model bind log show graph reproduce verify audit pull sync migrate key ledger infra doctor qldb demo completions hooks hook merge-driver help" -f -a "bind" -d 'Bind a model package that is in the registry already to the run that made it'
complete -c mlprov -n "__fish_mlprov_using_subcommand help; and not __fish_seen_subcommand_from init track untrack status ls restore diff du prune merge run source model bind log show graph reproduce verify audit pull sync migrate key ledger infra doctor qldb demo completions hooks hook merge-driver help" -f -a "log" -d 'Show what was recorded, newest first; runs filtered, sorted, side by side'
complete -c mlprov -n "__fish_mlprov_using_subcommand help; and not __fish_seen_subcommand_from init track untrack status ls restore diff du prune merge run source model bind log show graph reproduce verify audit pull sync migrate key ledger infra doctor qldb demo completions hooks hook merge-driver help" -f -a "show" -d 'Show all that is recorded about a run, commit, entry or model'
complete -c mlprov -n "__fish_mlprov_using_subcommand help; and not __fish_seen_subcommand_from init track untrack status ls restore diff du prune merge run source model bind log show graph reproduce verify audit pull sync migrate key ledger infra doctor qldb demo completions hooks hook merge-driver help" -f -a "graph" -d 'Show the lineage: what something came from, and what came of it'
complete -c mlprov -n "__fish_mlprov_using_subcommand help; and not __fish_seen_subcommand_from init track untrack status ls restore diff du prune merge run source model bind log show graph reproduce verify audit pull sync migrate key ledger infra doctor qldb demo completions hooks hook merge-driver help" -f -a "reproduce" -d 'Lay a run out again: commit, patch, configuration, data; and run it again'
complete -c mlprov -n "__fish_mlprov_using_subcommand help; and not __fish_seen_subcommand_from init track untrack status ls restore diff du prune merge run source model bind log show graph reproduce verify audit pull sync migrate key ledger infra doctor qldb demo completions hooks hook merge-driver help" -f -a "verify" -d 'Check every link of a binding; the exit code is the gate'
complete -c mlprov -n "__fish_mlprov_using_subcommand help; and not __fish_seen_subcommand_from init track untrack status ls restore diff du prune merge run source model bind log show graph reproduce verify audit pull sync migrate key ledger infra doctor qldb demo completions hooks hook merge-driver help" -f -a "audit" -d 'Ask witnesses that mlprov does not make'
complete -c mlprov -n "__fish_mlprov_using_subcommand help; and not __fish_seen_subcommand_from init track untrack status ls restore diff du prune merge run source model bind log show graph reproduce verify audit pull sync migrate key ledger infra doctor qldb demo completions hooks hook merge-driver help" -f -a "pull" -d 'Fetch what others recorded, and restore the data that the pointers name'
complete -c mlprov -n "__fish_mlprov_using_subcommand help; and not __fish_seen_subcommand_from init track untrack status ls restore diff du prune merge run source model bind log show graph reproduce verify audit pull sync migrate key ledger infra doctor qldb demo completions hooks hook merge-driver help" -f -a "sync" -d 'Publish what waits, and fetch what others recorded'
complete -c mlprov -n "__fish_mlprov_using_subcommand help; and not __fish_seen_subcommand_from init track untrack status ls restore diff du prune merge run source model bind log show graph reproduce verify audit pull sync migrate key ledger infra doctor qldb demo completions hooks hook merge-driver help" -f -a "migrate" -d 'Move the project: its ledger, its data or both into a bucket, or into another one'
complete -c mlprov -n "__fish_mlprov_using_subcommand help; and not __fish_seen_subcommand_from init track untrack status ls restore diff du prune merge run source model bind log show graph reproduce verify audit pull sync migrate key ledger infra doctor qldb demo completions hooks hook merge-driver help" -f -a "key" -d 'Show keys, and trust the logs of others'
complete -c mlprov -n "__fish_mlprov_using_subcommand help; and not __fish_seen_subcommand_from init track untrack status ls restore diff du prune merge run source model bind log show graph reproduce verify audit pull sync migrate key ledger infra doctor qldb demo completions hooks hook merge-driver help" -f -a "ledger" -d 'The log itself: state, checkpoints, proofs, audit, export'
complete -c mlprov -n "__fish_mlprov_using_subcommand help; and not __fish_seen_subcommand_from init track untrack status ls restore diff du prune merge run source model bind log show graph reproduce verify audit pull sync migrate key ledger infra doctor qldb demo completions hooks hook merge-driver help" -f -a "infra" -d 'The buckets of ledger and data: what they shall be, what they are, and making them so'
complete -c mlprov -n "__fish_mlprov_using_subcommand help; and not __fish_seen_subcommand_from init track untrack status ls restore diff du prune merge run source model bind log show graph reproduce verify audit pull sync migrate key ledger infra doctor qldb demo completions hooks hook merge-driver help" -f -a "doctor" -d 'Check whether everything is as it should be, and what to do'
complete -c mlprov -n "__fish_mlprov_using_subcommand help; and not __fish_seen_subcommand_from init track untrack status ls restore diff du prune merge run source model bind log show graph reproduce verify audit pull sync migrate key ledger infra doctor qldb demo completions hooks hook merge-driver help" -f -a "qldb" -d 'What Amazon QLDB left behind'
complete -c mlprov -n "__fish_mlprov_using_subcommand help; and not __fish_seen_subcommand_from init track untrack status ls restore diff du prune merge run source model bind log show graph reproduce verify audit pull sync migrate key ledger infra doctor qldb demo completions hooks hook merge-driver help" -f -a "demo" -d 'The whole story in a throw-away project, with tampering at the end'
complete -c mlprov -n "__fish_mlprov_using_subcommand help; and not __fish_seen_subcommand_from init track untrack status ls restore diff du prune merge run source model bind log show graph reproduce verify audit pull sync migrate key ledger infra doctor qldb demo completions hooks hook merge-driver help" -f -a "completions" -d 'Print a completion script for your shell'
complete -c mlprov -n "__fish_mlprov_using_subcommand help; and not __fish_seen_subcommand_from init track untrack status ls restore diff du prune merge run source model bind log show graph reproduce verify audit pull sync migrate key ledger infra doctor qldb demo completions hooks hook merge-driver help" -f -a "hooks" -d 'The git hooks that record commits: install, remove, check'
complete -c mlprov -n "__fish_mlprov_using_subcommand help; and not __fish_seen_subcommand_from init track untrack status ls restore diff du prune merge run source model bind log show graph reproduce verify audit pull sync migrate key ledger infra doctor qldb demo completions hooks hook merge-driver help" -f -a "hook" -d 'Called by the git hooks'
complete -c mlprov -n "__fish_mlprov_using_subcommand help; and not __fish_seen_subcommand_from init track untrack status ls restore diff du prune merge run source model bind log show graph reproduce verify audit pull sync migrate key ledger infra doctor qldb demo completions hooks hook merge-driver help" -f -a "merge-driver" -d 'Called by git to merge pointers'
complete -c mlprov -n "__fish_mlprov_using_subcommand help; and not __fish_seen_subcommand_from init track untrack status ls restore diff du prune merge run source model bind log show graph reproduce verify audit pull sync migrate key ledger infra doctor qldb demo completions hooks hook merge-driver help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c mlprov -n "__fish_mlprov_using_subcommand help; and __fish_seen_subcommand_from run" -f -a "begin" -d 'Begin a run that wraps no command (notebooks, jobs); prints its id'
complete -c mlprov -n "__fish_mlprov_using_subcommand help; and __fish_seen_subcommand_from run" -f -a "end" -d 'End a run that was begun so'
complete -c mlprov -n "__fish_mlprov_using_subcommand help; and __fish_seen_subcommand_from source" -f -a "export" -d 'Write a signed capsule of code, data, ledger and store, and make a key that may record one run'
complete -c mlprov -n "__fish_mlprov_using_subcommand help; and __fish_seen_subcommand_from source" -f -a "extend" -d 'Let the key of a capsule record for longer; the capsule stays as it is'
complete -c mlprov -n "__fish_mlprov_using_subcommand help; and __fish_seen_subcommand_from model" -f -a "list" -d 'List the model packages, with their approval status'
complete -c mlprov -n "__fish_mlprov_using_subcommand help; and __fish_seen_subcommand_from model" -f -a "show" -d 'Show one: run, commit, data, and who decided what about it'
complete -c mlprov -n "__fish_mlprov_using_subcommand help; and __fish_seen_subcommand_from model" -f -a "register" -d 'Register a file or directory that a run made as a model package, and bind it to the run'
complete -c mlprov -n "__fish_mlprov_using_subcommand help; and __fish_seen_subcommand_from model" -f -a "approve" -d 'Approve a model package, and record that you did'
complete -c mlprov -n "__fish_mlprov_using_subcommand help; and __fish_seen_subcommand_from model" -f -a "reject" -d 'Reject a model package, and record that you did; it does not verify from then on'
complete -c mlprov -n "__fish_mlprov_using_subcommand help; and __fish_seen_subcommand_from audit" -f -a "cloudtrail" -d 'Read what CloudTrail saw of a run\'s data versions and model package'
complete -c mlprov -n "__fish_mlprov_using_subcommand help; and __fish_seen_subcommand_from key" -f -a "show" -d 'Show the public keys of this clone'
complete -c mlprov -n "__fish_mlprov_using_subcommand help; and __fish_seen_subcommand_from key" -f -a "trust" -d 'Accept a log\'s key from now on'
complete -c mlprov -n "__fish_mlprov_using_subcommand help; and __fish_seen_subcommand_from key" -f -a "list" -d 'List who may write to this log'
complete -c mlprov -n "__fish_mlprov_using_subcommand help; and __fish_seen_subcommand_from key" -f -a "request" -d 'Print your public key, for an admin of the log to admit'
complete -c mlprov -n "__fish_mlprov_using_subcommand help; and __fish_seen_subcommand_from key" -f -a "admit" -d 'Let a key write to this log; you must be its admin'
complete -c mlprov -n "__fish_mlprov_using_subcommand help; and __fish_seen_subcommand_from key" -f -a "revoke" -d 'No longer let a key write; what it signed before stays valid'
complete -c mlprov -n "__fish_mlprov_using_subcommand help; and __fish_seen_subcommand_from key" -f -a "rotate" -d 'Replace your writer key in this log by a new one'
complete -c mlprov -n "__fish_mlprov_using_subcommand help; and __fish_seen_subcommand_from key" -f -a "export" -d 'Print the rules by which others can verify this log: for `--trust` and MLPROV_TRUST'
complete -c mlprov -n "__fish_mlprov_using_subcommand help; and __fish_seen_subcommand_from ledger" -f -a "status" -d 'Size, root, and what is published'
complete -c mlprov -n "__fish_mlprov_using_subcommand help; and __fish_seen_subcommand_from ledger" -f -a "checkpoint" -d 'Print the signed checkpoint (C2SP tlog-checkpoint); signs the newest entries if they are not yet'
complete -c mlprov -n "__fish_mlprov_using_subcommand help; and __fish_seen_subcommand_from ledger" -f -a "prove" -d 'Prove that an entry stands in the log, as a file that can be checked offline'
complete -c mlprov -n "__fish_mlprov_using_subcommand help; and __fish_seen_subcommand_from ledger" -f -a "check-proof" -d 'Check such a file against the log\'s pinned key'
complete -c mlprov -n "__fish_mlprov_using_subcommand help; and __fish_seen_subcommand_from ledger" -f -a "audit" -d 'Derive everything again from the entries, and compare'
complete -c mlprov -n "__fish_mlprov_using_subcommand help; and __fish_seen_subcommand_from ledger" -f -a "export" -d 'Write the log as a static tlog-tiles directory that other clients read'
complete -c mlprov -n "__fish_mlprov_using_subcommand help; and __fish_seen_subcommand_from ledger" -f -a "reindex" -d 'Make tiles and lookups again from the journal'
complete -c mlprov -n "__fish_mlprov_using_subcommand help; and __fish_seen_subcommand_from ledger" -f -a "adopt" -d 'Let a copied or restored log go on under a new id'
complete -c mlprov -n "__fish_mlprov_using_subcommand help; and __fish_seen_subcommand_from infra" -f -a "plan" -d 'Show what differs between the account and what it shall be; changes nothing'
complete -c mlprov -n "__fish_mlprov_using_subcommand help; and __fish_seen_subcommand_from infra" -f -a "apply" -d 'Make it so, after showing the plan; called again after an interruption it goes on'
complete -c mlprov -n "__fish_mlprov_using_subcommand help; and __fish_seen_subcommand_from infra" -f -a "destroy" -d 'Delete what can be made again: trail, IAM policies, an empty model package group. Ledger and data stay'
complete -c mlprov -n "__fish_mlprov_using_subcommand help; and __fish_seen_subcommand_from infra" -f -a "export" -d 'Print the same for another tool, which then applies it; asks nobody'
complete -c mlprov -n "__fish_mlprov_using_subcommand help; and __fish_seen_subcommand_from infra" -f -a "show" -d 'Show what there is, whoever made it'
complete -c mlprov -n "__fish_mlprov_using_subcommand help; and __fish_seen_subcommand_from qldb" -f -a "verify-export" -d 'Verify a journal export, without Amazon\'s service'
complete -c mlprov -n "__fish_mlprov_using_subcommand help; and __fish_seen_subcommand_from qldb" -f -a "serve" -d 'Serve QLDB\'s protocols, for programs that use the official drivers'
complete -c mlprov -n "__fish_mlprov_using_subcommand help; and __fish_seen_subcommand_from hooks" -f -a "install" -d 'Put our block into every hook file, or bring it up to date'
complete -c mlprov -n "__fish_mlprov_using_subcommand help; and __fish_seen_subcommand_from hooks" -f -a "uninstall" -d 'Take our block out of every hook file; what others wrote stays'
complete -c mlprov -n "__fish_mlprov_using_subcommand help; and __fish_seen_subcommand_from hooks" -f -a "status" -d 'Show which hooks are installed, and where; exit code 1 if one is missing'
