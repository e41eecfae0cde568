
use builtin;
use str;

set edit:completion:arg-completer[mlprov] = {|@words|
    fn spaces {|n|
        builtin:repeat $n ' ' | str:join ''
    }
    fn cand {|text desc|
        edit:complex-candidate $text &display=$text' '(spaces (- 14 (wcswidth $text)))$desc
    }
    var command = 'mlprov'
    for word $words[1..-1] {
        if (str:has-prefix $word '-') {
            break
        }
        set command = $command';'$word
    }
    var completions = [
        &'mlprov'= {
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
            cand init 'Make this repository a project, or join the project that it is'
            cand track 'Store files as immutable versions and write a small pointer for git'
            cand add 'Store files as immutable versions and write a small pointer for git'
            cand untrack 'Take the pointer of a dataset away; data, store and history stay'
            cand status 'Show what is modified, not stored, not recorded, or waiting'
            cand ls 'List the tracked datasets'
            cand restore 'Bring back the data of a commit or a run'
            cand diff 'Show which files differ between two versions of the data'
            cand du 'Show how much the datasets and the store take'
            cand prune 'Remove stored contents that nothing refers to'
            cand merge 'Merge a pointer that is in conflict, file by file'
            cand run 'Run a command and record code, data, parameters, metrics, outputs and model'
            cand source 'Runs where there is no repository: what they need of this one'
            cand model 'Model packages: list, show, register, approve, reject'
            cand bind 'Bind a model package that is in the registry already to the run that made it'
            cand log 'Show what was recorded, newest first; runs filtered, sorted, side by side'
            cand show 'Show all that is recorded about a run, commit, entry or model'
            cand graph 'Show the lineage: what something came from, and what came of it'
            cand reproduce 'Lay a run out again: commit, patch, configuration, data; and run it again'
            cand verify 'Check every link of a binding; the exit code is the gate'
            cand audit 'Ask witnesses that mlprov does not make'
            cand pull 'Fetch what others recorded, and restore the data that the pointers name'
            cand sync 'Publish what waits, and fetch what others recorded'
            cand push 'Publish what waits, and fetch what others recorded'
            cand migrate 'Move the project: its ledger, its data or both into a bucket, or into another one'
            cand key 'Show keys, and trust the logs of others'
            cand ledger 'The log itself: state, checkpoints, proofs, audit, export'
            cand infra 'The buckets of ledger and data: what they shall be, what they are, and making them so'
            cand doctor 'Check whether everything is as it should be, and what to do'
            cand qldb 'What Amazon QLDB left behind'
            cand demo 'The whole story in a throw-away project, with tampering at the end'
            cand completions 'Print a completion script for your shell'
            cand hooks 'The git hooks that record commits: install, remove, check'
            cand hook 'Called by the git hooks'
            cand merge-driver 'Called by git to merge pointers'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'mlprov;init'= {
            cand --name 'Name of a new project [default: the directory''s name]'
            cand --ledger 'One ledger for all clones of a new project, in a bucket [default: a ledger of each clone''s own]'
            cand --store 'One store for the data of a new project, in a bucket that keeps versions [default: a store of each clone''s own]'
            cand --registry 'Where model packages of a new project are registered [default: local]'
            cand --region 'Region of the buckets and of SageMaker [default: as your AWS settings say]'
            cand --endpoint-url 'Server that speaks S3, if it is not AWS; it goes into the project''s settings'
            cand --kms-key 'KMS key (ARN, id or alias) of the bucket''s default encryption [default: SSE-S3]'
            cand --log-key 'Sign checkpoints with a key of KMS that has this alias; it is made if there is none [default: a key file]'
            cand --retention-days 'Turn on Object Lock, and let nobody at all delete a version of data or a commit of the ledger for so many days'
            cand --codecommit 'Make a repository of CodeCommit, and add it as a git remote [default NAME: after the project]'
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand -y 'Ask nothing; agree to what would be asked'
            cand --yes 'Ask nothing; agree to what would be asked'
            cand --no-hooks 'Install no git hooks'
            cand --aws 'Make what a new project needs in AWS first: a bucket for ledger and data, unless --ledger or --store name one'
            cand --plan 'Only show what would be made in AWS'
            cand --object-lock 'Turn on Object Lock, so that objects can be given a retention'
            cand --trail 'Have CloudTrail log what happens to the bucket; AWS charges for it, and the plan says what'
            cand --iam 'Make an IAM policy for each role (reader, writer, publisher, auditor); it is attached to nobody'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mlprov;track'= {
            cand --glob 'Also everything that a pattern matches, each by itself, as in ''raw/**/*.csv'' (repeatable)'
            cand -j 'Threads to hash with [default: one per core]'
            cand --jobs 'Threads to hash with [default: one per core]'
            cand --as 'With s3://BUCKET/PREFIX: record what lies there already, by its versions, as a dataset at this path'
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand --append 'Keep the files of the version before that do not lie in the work tree'
            cand -n 'Show what would be tracked, and write nothing'
            cand --dry-run 'Show what would be tracked, and write nothing'
            cand --deep 'With --as: read every byte once, so that the record says what they are'
            cand --checksums 'With --as: ask S3 for the checksum of each object (one request each)'
            cand --copy 'With --as: have the server copy everything into the project''s own store, and record the copies'
            cand --allow-mutable 'With --as: also objects without versions, which can be overwritten; `verify` never says more than incomplete'
            cand --no-upload 'Keep what is new in this clone until the next `mlprov sync`'
            cand --repair 'Read everything again, in the work tree and in the store, and replace what is damaged in the store'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mlprov;add'= {
            cand --glob 'Also everything that a pattern matches, each by itself, as in ''raw/**/*.csv'' (repeatable)'
            cand -j 'Threads to hash with [default: one per core]'
            cand --jobs 'Threads to hash with [default: one per core]'
            cand --as 'With s3://BUCKET/PREFIX: record what lies there already, by its versions, as a dataset at this path'
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand --append 'Keep the files of the version before that do not lie in the work tree'
            cand -n 'Show what would be tracked, and write nothing'
            cand --dry-run 'Show what would be tracked, and write nothing'
            cand --deep 'With --as: read every byte once, so that the record says what they are'
            cand --checksums 'With --as: ask S3 for the checksum of each object (one request each)'
            cand --copy 'With --as: have the server copy everything into the project''s own store, and record the copies'
            cand --allow-mutable 'With --as: also objects without versions, which can be overwritten; `verify` never says more than incomplete'
            cand --no-upload 'Keep what is new in this clone until the next `mlprov sync`'
            cand --repair 'Read everything again, in the work tree and in the store, and replace what is damaged in the store'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mlprov;untrack'= {
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand -n 'Show what would be removed, and change nothing'
            cand --dry-run 'Show what would be removed, and change nothing'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mlprov;status'= {
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mlprov;ls'= {
            cand --rev 'As of this commit, branch or tag [default: the work tree]'
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand --manifest 'Print the dataset''s manifest, as `b3sum --check` reads it'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mlprov;restore'= {
            cand --rev 'As of this commit, branch or tag [default: what the pointers in the work tree name]'
            cand --run 'What this run read and made (ID as in `show`)'
            cand --to 'Write below this directory instead of the work tree'
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand --force 'Overwrite files whose content is stored nowhere'
            cand -n 'Show what would be written and removed, and change nothing'
            cand --dry-run 'Show what would be written and removed, and change nothing'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mlprov;diff'= {
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand --all 'List all files, not only the first of each dataset'
            cand --exit-code 'Exit with 1 if anything differs'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mlprov;du'= {
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mlprov;prune'= {
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand --force 'Remove what is listed without it'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mlprov;merge'= {
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand -n 'Show what would come of it, and write nothing'
            cand --dry-run 'Show what would come of it, and write nothing'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mlprov;run'= {
            cand -n 'Name of the run'
            cand --name 'Name of the run'
            cand -d 'Data that the command reads; with --source also NAME=PATH, for data that lies elsewhere there (repeatable)'
            cand --input 'Data that the command reads; with --source also NAME=PATH, for data that lies elsewhere there (repeatable)'
            cand -o 'File or directory that the command makes (repeatable)'
            cand --output 'File or directory that the command makes (repeatable)'
            cand -m 'Metrics file that the command makes: JSON, YAML, TOML, or CSV (the last value of each column) (repeatable)'
            cand --metrics 'Metrics file that the command makes: JSON, YAML, TOML, or CSV (the last value of each column) (repeatable)'
            cand -p 'Parameters file: JSON, YAML or TOML (repeatable)'
            cand --params 'Parameters file: JSON, YAML or TOML (repeatable)'
            cand -S 'Another value for a parameter, for the time of the run: [FILE:]KEY=VALUE (repeatable)'
            cand --set-param 'Another value for a parameter, for the time of the run: [FILE:]KEY=VALUE (repeatable)'
            cand --require 'What a metric must reach, as in ''acc >= 0.9''; else the run fails (repeatable)'
            cand --sweep 'Name of the sweep that the run belongs to'
            cand --model 'Model file that the command makes; it is registered as a model package'
            cand --model-group 'Model package group to register it in'
            cand --image 'Container image that runs the model where it is deployed, best as NAME@sha256:DIGEST; without it the package is not deployable as registered'
            cand --source 'Capsule of `mlprov source export`: code and data are as it says, and no repository is needed'
            cand --root 'Directory that holds all paths of the run [default: where it stands]'
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand --rehash 'Read every input again, also those that were not touched since they were read'
            cand --no-log 'Do not keep what the command prints (else its last 1 MiB, without secrets)'
            cand --require-clean 'Refuse to run unless the work tree is exactly the commit'
            cand --worktree 'Run in a temporary work tree of its own, so that others can go on meanwhile'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
            cand begin 'Begin a run that wraps no command (notebooks, jobs); prints its id'
            cand end 'End a run that was begun so'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'mlprov;run;begin'= {
            cand -n 'Name of the run'
            cand --name 'Name of the run'
            cand -d 'Data that the command reads; with --source also NAME=PATH, for data that lies elsewhere there (repeatable)'
            cand --input 'Data that the command reads; with --source also NAME=PATH, for data that lies elsewhere there (repeatable)'
            cand -o 'File or directory that the command makes (repeatable)'
            cand --output 'File or directory that the command makes (repeatable)'
            cand -m 'Metrics file that the command makes: JSON, YAML, TOML, or CSV (the last value of each column) (repeatable)'
            cand --metrics 'Metrics file that the command makes: JSON, YAML, TOML, or CSV (the last value of each column) (repeatable)'
            cand -p 'Parameters file: JSON, YAML or TOML (repeatable)'
            cand --params 'Parameters file: JSON, YAML or TOML (repeatable)'
            cand -S 'Another value for a parameter, for the time of the run: [FILE:]KEY=VALUE (repeatable)'
            cand --set-param 'Another value for a parameter, for the time of the run: [FILE:]KEY=VALUE (repeatable)'
            cand --require 'What a metric must reach, as in ''acc >= 0.9''; else the run fails (repeatable)'
            cand --sweep 'Name of the sweep that the run belongs to'
            cand --model 'Model file that the command makes; it is registered as a model package'
            cand --model-group 'Model package group to register it in'
            cand --image 'Container image that runs the model where it is deployed, best as NAME@sha256:DIGEST; without it the package is not deployable as registered'
            cand --source 'Capsule of `mlprov source export`: code and data are as it says, and no repository is needed'
            cand --root 'Directory that holds all paths of the run [default: where it stands]'
            cand --pid 'The process whose end is the run''s end, if nobody ends it before; it then counts as UNKNOWN'
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand --rehash 'Read every input again, also those that were not touched since they were read'
            cand --no-log 'Do not keep what the command prints (else its last 1 MiB, without secrets)'
            cand --require-clean 'Refuse to run unless the work tree is exactly the commit'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mlprov;run;end'= {
            cand --status 'How it ended [default: by the exit code, else COMPLETE]'
            cand --source 'Capsule that the run was begun with'
            cand --root 'Directory that it was begun with'
            cand --exit-code 'Exit code of what ran'
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mlprov;run;help'= {
            cand begin 'Begin a run that wraps no command (notebooks, jobs); prints its id'
            cand end 'End a run that was begun so'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'mlprov;run;help;begin'= {
        }
        &'mlprov;run;help;end'= {
        }
        &'mlprov;run;help;help'= {
        }
        &'mlprov;source'= {
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
            cand export 'Write a signed capsule of code, data, ledger and store, and make a key that may record one run'
            cand extend 'Let the key of a capsule record for longer; the capsule stays as it is'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'mlprov;source;export'= {
            cand -o 'Where the capsule goes'
            cand --output 'Where the capsule goes'
            cand --valid-for 'How long the key may record: a number with s, m, h or d'
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand --require-clean 'Refuse unless the work tree is exactly the commit'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mlprov;source;extend'= {
            cand --valid-for 'How long, from now on: a number with s, m, h or d'
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mlprov;source;help'= {
            cand export 'Write a signed capsule of code, data, ledger and store, and make a key that may record one run'
            cand extend 'Let the key of a capsule record for longer; the capsule stays as it is'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'mlprov;source;help;export'= {
        }
        &'mlprov;source;help;extend'= {
        }
        &'mlprov;source;help;help'= {
        }
        &'mlprov;model'= {
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
            cand list 'List the model packages, with their approval status'
            cand show 'Show one: run, commit, data, and who decided what about it'
            cand register 'Register a file or directory that a run made as a model package, and bind it to the run'
            cand approve 'Approve a model package, and record that you did'
            cand reject 'Reject a model package, and record that you did; it does not verify from then on'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'mlprov;model;list'= {
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mlprov;model;show'= {
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mlprov;model;register'= {
            cand --model-group 'Model package group to register it in'
            cand --run 'The run'
            cand --image 'Container image that runs the model where it is deployed, best as NAME@sha256:DIGEST; without it the package is not deployable as registered'
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand --dry-run 'Only show what would be registered, and where'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mlprov;model;approve'= {
            cand --note 'What others should know of the decision; it stands in the ledger for ever (repeatable)'
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mlprov;model;reject'= {
            cand --note 'What others should know of the decision; it stands in the ledger for ever (repeatable)'
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mlprov;model;help'= {
            cand list 'List the model packages, with their approval status'
            cand show 'Show one: run, commit, data, and who decided what about it'
            cand register 'Register a file or directory that a run made as a model package, and bind it to the run'
            cand approve 'Approve a model package, and record that you did'
            cand reject 'Reject a model package, and record that you did; it does not verify from then on'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'mlprov;model;help;list'= {
        }
        &'mlprov;model;help;show'= {
        }
        &'mlprov;model;help;register'= {
        }
        &'mlprov;model;help;approve'= {
        }
        &'mlprov;model;help;reject'= {
        }
        &'mlprov;model;help;help'= {
        }
        &'mlprov;bind'= {
            cand --model-package 'The model package, by its ARN'
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand --artefact-not-from-run 'Bind it even if what it points to is no output of the run; the record says so, and it does not verify as the run''s'
            cand --no-write-back 'Write nothing into a package that something else made'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mlprov;log'= {
            cand --kind 'Only entries of this kind, e.g. run.finished'
            cand --where 'Only runs for which this is true, as in ''metrics.acc > 0.9 and params.lr = 0.01'''
            cand --dataset 'Only runs that read this dataset (its path, or the first digits of its root)'
            cand --commit 'Only runs that began from this commit'
            cand --model 'Only runs that made a model of this group, or this model package'
            cand --sweep 'Only runs of this sweep'
            cand --sort 'Sort runs by a field, as in metrics.acc; with - before it the largest first'
            cand --config 'Who changed this configuration file, when, in which commit, and which runs used it'
            cand --key 'Only changes of this value in it, as in `optimizer.lr`'
            cand -n 'At most N entries'
            cand --max-count 'At most N entries'
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand --table 'Runs as a table of the parameters that differ, and all metrics'
            cand --csv 'Runs as CSV, with all parameters and metrics'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mlprov;show'= {
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mlprov;graph'= {
            cand --format 'Form of the answer; json is the same as --json [default: text]'
            cand -n 'At most N runs, the newest'
            cand --max-count 'At most N runs, the newest'
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mlprov;reproduce'= {
            cand --to 'Where to; it must not exist, or be empty'
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand --execute 'Run the command there, with this run as its parent, and compare what it made'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mlprov;verify'= {
            cand --trust 'Rules to go by instead of your own pins: a file, or the rules themselves (also MLPROV_TRUST)'
            cand --min-checkpoint 'A signed checkpoint that the log must continue'
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand --deep 'Read every byte and hash it again, also of versions in S3, of which otherwise size and stored checksum are checked'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mlprov;audit'= {
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
            cand cloudtrail 'Read what CloudTrail saw of a run''s data versions and model package'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'mlprov;audit;cloudtrail'= {
            cand --bucket 'Bucket that the trail delivers to, with the prefix before AWSLogs/ [default: that of [aws] trail]'
            cand --public-keys 'What `aws cloudtrail list-public-keys` printed of the trail''s regions (repeatable) [default: CloudTrail is asked]'
            cand --since 'From this time on, as in 2026-11-20T00:00:00Z [default: an hour before the log first names the data]'
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mlprov;audit;help'= {
            cand cloudtrail 'Read what CloudTrail saw of a run''s data versions and model package'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'mlprov;audit;help;cloudtrail'= {
        }
        &'mlprov;audit;help;help'= {
        }
        &'mlprov;pull'= {
            cand --remote 'Name of the git remote [default: the branch''s, or the only one, or origin]'
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand --force 'Overwrite files that were changed and are stored nowhere'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mlprov;sync'= {
            cand --source 'What a run with this capsule left here, and nothing else; no repository is needed'
            cand --remote 'Name of the git remote [default: the branch''s, or the only one, or origin]'
            cand --since 'Look for commits that no hook saw only after this one'
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand --fetch 'Only fetch'
            cand --all 'Also record commits of other committers that no hook saw (in a CI job that records for all)'
            cand -n 'Show what would be published and fetched, and change nothing'
            cand --dry-run 'Show what would be published and fetched, and change nothing'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mlprov;push'= {
            cand --source 'What a run with this capsule left here, and nothing else; no repository is needed'
            cand --remote 'Name of the git remote [default: the branch''s, or the only one, or origin]'
            cand --since 'Look for commits that no hook saw only after this one'
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand --fetch 'Only fetch'
            cand --all 'Also record commits of other committers that no hook saw (in a CI job that records for all)'
            cand -n 'Show what would be published and fetched, and change nothing'
            cand --dry-run 'Show what would be published and fetched, and change nothing'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mlprov;migrate'= {
            cand --ledger 'Where the ledger is to go'
            cand --store 'Where the data is to go; the bucket must keep versions'
            cand --region 'Region of the new places [default: as your AWS settings say]'
            cand --endpoint-url 'Server that speaks S3, if it is not AWS; it goes into the project''s settings'
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand --plan 'Show what would be done, and change nothing'
            cand -y 'Ask nothing; agree to what would be asked'
            cand --yes 'Ask nothing; agree to what would be asked'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mlprov;key'= {
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
            cand show 'Show the public keys of this clone'
            cand trust 'Accept a log''s key from now on'
            cand list 'List who may write to this log'
            cand request 'Print your public key, for an admin of the log to admit'
            cand admit 'Let a key write to this log; you must be its admin'
            cand revoke 'No longer let a key write; what it signed before stays valid'
            cand rotate 'Replace your writer key in this log by a new one'
            cand export 'Print the rules by which others can verify this log: for `--trust` and MLPROV_TRUST'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'mlprov;key;show'= {
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand --vkey 'Only the log''s verifier key line'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mlprov;key;trust'= {
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mlprov;key;list'= {
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mlprov;key;request'= {
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mlprov;key;admit'= {
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand --admin 'It may admit and revoke others, too'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mlprov;key;revoke'= {
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mlprov;key;rotate'= {
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mlprov;key;export'= {
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mlprov;key;help'= {
            cand show 'Show the public keys of this clone'
            cand trust 'Accept a log''s key from now on'
            cand list 'List who may write to this log'
            cand request 'Print your public key, for an admin of the log to admit'
            cand admit 'Let a key write to this log; you must be its admin'
            cand revoke 'No longer let a key write; what it signed before stays valid'
            cand rotate 'Replace your writer key in this log by a new one'
            cand export 'Print the rules by which others can verify this log: for `--trust` and MLPROV_TRUST'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'mlprov;key;help;show'= {
        }
        &'mlprov;key;help;trust'= {
        }
        &'mlprov;key;help;list'= {
        }
        &'mlprov;key;help;request'= {
        }
        &'mlprov;key;help;admit'= {
        }
        &'mlprov;key;help;revoke'= {
        }
        &'mlprov;key;help;rotate'= {
        }
        &'mlprov;key;help;export'= {
        }
        &'mlprov;key;help;help'= {
        }
        &'mlprov;ledger'= {
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
            cand status 'Size, root, and what is published'
            cand checkpoint 'Print the signed checkpoint (C2SP tlog-checkpoint); signs the newest entries if they are not yet'
            cand prove 'Prove that an entry stands in the log, as a file that can be checked offline'
            cand check-proof 'Check such a file against the log''s pinned key'
            cand audit 'Derive everything again from the entries, and compare'
            cand export 'Write the log as a static tlog-tiles directory that other clients read'
            cand reindex 'Make tiles and lookups again from the journal'
            cand adopt 'Let a copied or restored log go on under a new id'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'mlprov;ledger;status'= {
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mlprov;ledger;checkpoint'= {
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand --publish 'Of a shared ledger: fetch what others committed, and sign it for all (needs the log''s key; for a CI job)'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mlprov;ledger;prove'= {
            cand -o 'Write it here [default: standard output]'
            cand --output 'Write it here [default: standard output]'
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mlprov;ledger;check-proof'= {
            cand --trust 'Rules to go by instead of your own pins: a file, or the rules themselves (also MLPROV_TRUST)'
            cand --min-checkpoint 'A signed checkpoint that the log must continue'
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mlprov;ledger;audit'= {
            cand --from-dir 'An exported copy instead of this clone''s log'
            cand --trust 'Rules to go by instead of your own pins: a file, or the rules themselves (also MLPROV_TRUST)'
            cand --min-checkpoint 'A signed checkpoint that the log must continue'
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand --structure-only 'Leave out the writers'' signatures'
            cand --remote 'Also read everything that the bucket of a shared ledger holds, from its first object on'
            cand --versions 'Also look for objects that were overwritten or deleted there'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mlprov;ledger;export'= {
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mlprov;ledger;reindex'= {
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mlprov;ledger;adopt'= {
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mlprov;ledger;help'= {
            cand status 'Size, root, and what is published'
            cand checkpoint 'Print the signed checkpoint (C2SP tlog-checkpoint); signs the newest entries if they are not yet'
            cand prove 'Prove that an entry stands in the log, as a file that can be checked offline'
            cand check-proof 'Check such a file against the log''s pinned key'
            cand audit 'Derive everything again from the entries, and compare'
            cand export 'Write the log as a static tlog-tiles directory that other clients read'
            cand reindex 'Make tiles and lookups again from the journal'
            cand adopt 'Let a copied or restored log go on under a new id'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'mlprov;ledger;help;status'= {
        }
        &'mlprov;ledger;help;checkpoint'= {
        }
        &'mlprov;ledger;help;prove'= {
        }
        &'mlprov;ledger;help;check-proof'= {
        }
        &'mlprov;ledger;help;audit'= {
        }
        &'mlprov;ledger;help;export'= {
        }
        &'mlprov;ledger;help;reindex'= {
        }
        &'mlprov;ledger;help;adopt'= {
        }
        &'mlprov;ledger;help;help'= {
        }
        &'mlprov;infra'= {
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
            cand plan 'Show what differs between the account and what it shall be; changes nothing'
            cand apply 'Make it so, after showing the plan; called again after an interruption it goes on'
            cand destroy 'Delete what can be made again: trail, IAM policies, an empty model package group. Ledger and data stay'
            cand export 'Print the same for another tool, which then applies it; asks nobody'
            cand show 'Show what there is, whoever made it'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'mlprov;infra;plan'= {
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand --exit-code 'Exit with 1 if something differs'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mlprov;infra;apply'= {
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand -y 'Ask nothing; make the changes'
            cand --yes 'Ask nothing; make the changes'
            cand --iam 'Also make an IAM policy for each role, and write `iam = true` into the settings; it is attached to nobody'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mlprov;infra;destroy'= {
            cand --confirm 'The project''s name, where there is no terminal to type it on'
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand --including-data 'Ledger, data and the log''s key, too: they cannot be brought back'
            cand -y 'Ask nothing; delete it. With --including-data the project''s name is needed all the same'
            cand --yes 'Ask nothing; delete it. With --including-data the project''s name is needed all the same'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mlprov;infra;export'= {
            cand --format 'format'
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mlprov;infra;show'= {
            cand --policy 'Print the IAM policy of a role instead: no more than it needs'
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mlprov;infra;help'= {
            cand plan 'Show what differs between the account and what it shall be; changes nothing'
            cand apply 'Make it so, after showing the plan; called again after an interruption it goes on'
            cand destroy 'Delete what can be made again: trail, IAM policies, an empty model package group. Ledger and data stay'
            cand export 'Print the same for another tool, which then applies it; asks nobody'
            cand show 'Show what there is, whoever made it'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'mlprov;infra;help;plan'= {
        }
        &'mlprov;infra;help;apply'= {
        }
        &'mlprov;infra;help;destroy'= {
        }
        &'mlprov;infra;help;export'= {
        }
        &'mlprov;infra;help;show'= {
        }
        &'mlprov;infra;help;help'= {
        }
        &'mlprov;doctor'= {
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand --remote 'Also ask the buckets of ledger and store for what is relied on'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mlprov;qldb'= {
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
            cand verify-export 'Verify a journal export, without Amazon''s service'
            cand serve 'Serve QLDB''s protocols, for programs that use the official drivers'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'mlprov;qldb;verify-export'= {
            cand --digest 'Digest of the ledger, saved while it lived: base64, or a file'
            cand --proof 'Proof of a block or revision, which leads to the digest'
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mlprov;qldb;serve'= {
            cand --dir 'Directory that the ledgers lie in'
            cand --listen 'Address and port; port 0 takes a free one'
            cand --access-keys 'File with the access keys that may ask, and their secrets'
            cand --transaction-timeout 'Seconds after which a transaction expires, with its session'
            cand --session-timeout 'Seconds after which a session expires'
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mlprov;qldb;help'= {
            cand verify-export 'Verify a journal export, without Amazon''s service'
            cand serve 'Serve QLDB''s protocols, for programs that use the official drivers'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'mlprov;qldb;help;verify-export'= {
        }
        &'mlprov;qldb;help;serve'= {
        }
        &'mlprov;qldb;help;help'= {
        }
        &'mlprov;demo'= {
            cand --keep 'Where to make the throw-away project; it stays there'
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mlprov;completions'= {
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mlprov;hooks'= {
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
            cand install 'Put our block into every hook file, or bring it up to date'
            cand uninstall 'Take our block out of every hook file; what others wrote stays'
            cand status 'Show which hooks are installed, and where; exit code 1 if one is missing'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'mlprov;hooks;install'= {
            cand --hook 'Only this hook (repeatable)'
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mlprov;hooks;uninstall'= {
            cand --hook 'Only this hook (repeatable)'
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mlprov;hooks;status'= {
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mlprov;hooks;help'= {
            cand install 'Put our block into every hook file, or bring it up to date'
            cand uninstall 'Take our block out of every hook file; what others wrote stays'
            cand status 'Show which hooks are installed, and where; exit code 1 if one is missing'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'mlprov;hooks;help;install'= {
        }
        &'mlprov;hooks;help;uninstall'= {
        }
        &'mlprov;hooks;help;status'= {
        }
        &'mlprov;hooks;help;help'= {
        }
        &'mlprov;hook'= {
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mlprov;merge-driver'= {
            cand -C 'Run as if started in DIR'
            cand --color 'When to use colours'
            cand -q 'Only answers and errors, no status or hints'
            cand --quiet 'Only answers and errors, no status or hints'
            cand -v 'Say more about what is done'
            cand --verbose 'Say more about what is done'
            cand --json 'One JSON document on standard output'
            cand --no-progress 'Say nothing of how far a long step has come'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'mlprov;help'= {
            cand init 'Make this repository a project, or join the project that it is'
            cand track 'Store files as immutable versions and write a small pointer for git'
            cand untrack 'Take the pointer of a dataset away; data, store and history stay'
            cand status 'Show what is modified, not stored, not recorded, or waiting'
            cand ls 'List the tracked datasets'
            cand restore 'Bring back the data of a commit or a run'
            cand diff 'Show which files differ between two versions of the data'
            cand du 'Show how much the datasets and the store take'
            cand prune 'Remove stored contents that nothing refers to'
            cand merge 'Merge a pointer that is in conflict, file by file'
            cand run 'Run a command and record code, data, parameters, metrics, outputs and model'
            cand source 'Runs where there is no repository: what they need of this one'
            cand model 'Model packages: list, show, register, approve, reject'
            cand bind 'Bind a model package that is in the registry already to the run that made it'
            cand log 'Show what was recorded, newest first; runs filtered, sorted, side by side'
            cand show 'Show all that is recorded about a run, commit, entry or model'
            cand graph 'Show the lineage: what something came from, and what came of it'
            cand reproduce 'Lay a run out again: commit, patch, configuration, data; and run it again'
            cand verify 'Check every link of a binding; the exit code is the gate'
            cand audit 'Ask witnesses that mlprov does not make'
            cand pull 'Fetch what others recorded, and restore the data that the pointers name'
            cand sync 'Publish what waits, and fetch what others recorded'
            cand migrate 'Move the project: its ledger, its data or both into a bucket, or into another one'
            cand key 'Show keys, and trust the logs of others'
            cand ledger 'The log itself: state, checkpoints, proofs, audit, export'
            cand infra 'The buckets of ledger and data: what they shall be, what they are, and making them so'
            cand doctor 'Check whether everything is as it should be, and what to do'
            cand qldb 'What Amazon QLDB left behind'
            cand demo 'The whole story in a throw-away project, with tampering at the end'
            cand completions 'Print a completion script for your shell'
            cand hooks 'The git hooks that record commits: install, remove, check'
            cand hook 'Called by the git hooks'
            cand merge-driver 'Called by git to merge pointers'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'mlprov;help;init'= {
        }
        &'mlprov;help;track'= {
        }
        &'mlprov;help;untrack'= {
        }
        &'mlprov;help;status'= {
        }
        &'mlprov;help;ls'= {
        }
        &'mlprov;help;restore'= {
        }
        &'mlprov;help;diff'= {
        }
        &'mlprov;help;du'= {
        }
        &'mlprov;help;prune'= {
        }
        &'mlprov;help;merge'= {
        }
        &'mlprov;help;run'= {
            cand begin 'Begin a run that wraps no command (notebooks, jobs); prints its id'
            cand end 'End a run that was begun so'
        }
        &'mlprov;help;run;begin'= {
        }
        &'mlprov;help;run;end'= {
        }
        &'mlprov;help;source'= {
            cand export 'Write a signed capsule of code, data, ledger and store, and make a key that may record one run'
            cand extend 'Let the key of a capsule record for longer; the capsule stays as it is'
        }
        &'mlprov;help;source;export'= {
        }
        &'mlprov;help;source;extend'= {
        }
        &'mlprov;help;model'= {
            cand list 'List the model packages, with their approval status'
            cand show 'Show one: run, commit, data, and who decided what about it'
            cand register 'Register a file or directory that a run made as a model package, and bind it to the run'
            cand approve 'Approve a model package, and record that you did'
            cand reject 'Reject a model package, and record that you did; it does not verify from then on'
        }
        &'mlprov;help;model;list'= {
        }
        &'mlprov;help;model;show'= {
        }
        &'mlprov;help;model;register'= {
        }
        &'mlprov;help;model;approve'= {
        }
        &'mlprov;help;model;reject'= {
        }
        &'mlprov;help;bind'= {
        }
        &'mlprov;help;log'= {
        }
        &'mlprov;help;show'= {
        }
        &'mlprov;help;graph'= {
        }
        &'mlprov;help;reproduce'= {
        }
        &'mlprov;help;verify'= {
        }
        &'mlprov;help;audit'= {
            cand cloudtrail 'Read what CloudTrail saw of a run''s data versions and model package'
        }
        &'mlprov;help;audit;cloudtrail'= {
        }
        &'mlprov;help;pull'= {
        }
        &'mlprov;help;sync'= {
        }
        &'mlprov;help;migrate'= {
        }
        &'mlprov;help;key'= {
            cand show 'Show the public keys of this clone'
            cand trust 'Accept a log''s key from now on'
            cand list 'List who may write to this log'
            cand request 'Print your public key, for an admin of the log to admit'
            cand admit 'Let a key write to this log; you must be its admin'
            cand revoke 'No longer let a key write; what it signed before stays valid'
            cand rotate 'Replace your writer key in this log by a new one'
            cand export 'Print the rules by which others can verify this log: for `--trust` and MLPROV_TRUST'
        }
        &'mlprov;help;key;show'= {
        }
        &'mlprov;help;key;trust'= {
        }
        &'mlprov;help;key;list'= {
        }
        &'mlprov;help;key;request'= {
        }
        &'mlprov;help;key;admit'= {
        }
        &'mlprov;help;key;revoke'= {
        }
        &'mlprov;help;key;rotate'= {
        }
        &'mlprov;help;key;export'= {
        }
        &'mlprov;help;ledger'= {
            cand status 'Size, root, and what is published'
            cand checkpoint 'Print the signed checkpoint (C2SP tlog-checkpoint); signs the newest entries if they are not yet'
            cand prove 'Prove that an entry stands in the log, as a file that can be checked offline'
            cand check-proof 'Check such a file against the log''s pinned key'
            cand audit 'Derive everything again from the entries, and compare'
            cand export 'Write the log as a static tlog-tiles directory that other clients read'
            cand reindex 'Make tiles and lookups again from the journal'
            cand adopt 'Let a copied or restored log go on under a new id'
        }
        &'mlprov;help;ledger;status'= {
        }
        &'mlprov;help;ledger;checkpoint'= {
        }
        &'mlprov;help;ledger;prove'= {
        }
        &'mlprov;help;ledger;check-proof'= {
        }
        &'mlprov;help;ledger;audit'= {
        }
        &'mlprov;help;ledger;export'= {
        }
        &'mlprov;help;ledger;reindex'= {
        }
        &'mlprov;help;ledger;adopt'= {
        }
        &'mlprov;help;infra'= {
            cand plan 'Show what differs between the account and what it shall be; changes nothing'
            cand apply 'Make it so, after showing the plan; called again after an interruption it goes on'
            cand destroy 'Delete what can be made again: trail, IAM policies, an empty model package group. Ledger and data stay'
            cand export 'Print the same for another tool, which then applies it; asks nobody'
            cand show 'Show what there is, whoever made it'
        }
        &'mlprov;help;infra;plan'= {
        }
        &'mlprov;help;infra;apply'= {
        }
        &'mlprov;help;infra;destroy'= {
        }
        &'mlprov;help;infra;export'= {
        }
        &'mlprov;help;infra;show'= {
        }
        &'mlprov;help;doctor'= {
        }
        &'mlprov;help;qldb'= {
            cand verify-export 'Verify a journal export, without Amazon''s service'
            cand serve 'Serve QLDB''s protocols, for programs that use the official drivers'
        }
        &'mlprov;help;qldb;verify-export'= {
        }
        &'mlprov;help;qldb;serve'= {
        }
        &'mlprov;help;demo'= {
        }
        &'mlprov;help;completions'= {
        }
        &'mlprov;help;hooks'= {
            cand install 'Put our block into every hook file, or bring it up to date'
            cand uninstall 'Take our block out of every hook file; what others wrote stays'
            cand status 'Show which hooks are installed, and where; exit code 1 if one is missing'
        }
        &'mlprov;help;hooks;install'= {
        }
        &'mlprov;help;hooks;uninstall'= {
        }
        &'mlprov;help;hooks;status'= {
        }
        &'mlprov;help;hook'= {
        }
        &'mlprov;help;merge-driver'= {
        }
        &'mlprov;help;help'= {
        }
    ]
    $completions[$command]
}
