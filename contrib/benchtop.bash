# bash completion of benchtop and dsr1_benchmark; installed as share/bash-completion/completions/benchtop.

_benchtop() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local commands='acc perf submit compare results curve post resume watch shot server doctor help version'
	local options='--isl --osl --all --conc --repeat --team --base-url --track --leaderboard --num-prompts --num-warmups
		--prompts --tokenizer --accuracy --acc-concurrency --corpus --wait-server --server-script --grace --restart-server --results-dir --log --failed --post-flagged --post-later
		--demo --client --tui --plain --json --csv --infmax --theme --ascii --no-color --colors --mouse --fps --size --format --output
		--default-config --man --help --version'
	local command='' word
	for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
		case " $commands " in *" $word "*)
			command=$word
			break
			;;
		esac
	done
	# --name=VALUE comes as three words
	if [ "$cur" = '=' ]; then
		cur=
	elif [ "$prev" = '=' ] && [ "$COMP_CWORD" -ge 2 ]; then
		prev=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	COMPREPLY=()
	case $prev in
	--accuracy) COMPREPLY=($(compgen -W 'each once skip' -- "$cur")) ;;
	--prompts) COMPREPLY=($(compgen -W 'text ids' -- "$cur")) ;;
	--colors) COMPREPLY=($(compgen -W '8 16 256' -- "$cur")) ;;
	--format) COMPREPLY=($(compgen -W 'txt ansi svg' -- "$cur")) ;;
	--theme) COMPREPLY=($(compgen -W 'colorblind dark default gruvbox high-contrast light mono nord solarized-dark' -- "$cur")) ;;
	--conc) COMPREPLY=($(compgen -W '4 8 16 32 64' -- "$cur")) ;;
	--size) COMPREPLY=($(compgen -W '80x24 120x36 200x60' -- "$cur")) ;;
	--wait-server) COMPREPLY=($(compgen -W '10m 30m 1h' -- "$cur")) ;;
	-isl | --isl | -osl | --osl) COMPREPLY=($(compgen -W '1024 8192' -- "$cur")) ;;
	--track | --corpus | --tokenizer | --log | --server-script | -o | --output) COMPREPLY=($(compgen -f -- "$cur")) ;;
	--results-dir) COMPREPLY=($(compgen -d -- "$cur")) ;;
	--team | --base-url | --leaderboard | --repeat | --num-prompts | --num-warmups | --acc-concurrency | --fps) ;;
	*)
		case $cur in
		-*) COMPREPLY=($(compgen -W "$options -isl -osl -o -h -V" -- "$cur")) ;;
		*)
			case $command in
			'') COMPREPLY=($(compgen -W "$commands" -- "$cur")) ;;
			help) COMPREPLY=($(compgen -W "$commands" -- "$cur")) ;;
			shot)
				if [ "$prev" = shot ]; then
					COMPREPLY=($(compgen -W 'dashboard log results curve compare' -- "$cur"))
				else
					COMPREPLY=($(compgen -d -- "$cur"))
				fi
				;;
			compare) COMPREPLY=($(compgen -f -- "$cur")) ;;
			watch | resume) COMPREPLY=($(compgen -d -- "$cur")) ;;
			results | post | curve) COMPREPLY=($(compgen -f -- "$cur")) ;;
			esac
			;;
		esac
		;;
	esac
}
complete -o filenames -F _benchtop benchtop dsr1_benchmark
