# bash completion for BProc's commands				-*- shell-script -*-
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Options come from each command's own help; nodes, states and groups from the system.
# One file for all commands: the others are links to it.

# Where things are; tests look elsewhere.
: "${_bproc_sys:=/sys/class/bproc}"
: "${_bproc_etc:=/etc/bproc}"

_bproc_options() {
	"$@" --help 2>/dev/null | grep -oE '(^|[ ,|[])--?[A-Za-z0-9][A-Za-z0-9-]*' | tr -d ' ,|[' |
		sort -u
}

_bproc_numbers() {
	local file

	for file in "$_bproc_sys"/bpnode*; do
		[ -e "$file" ] && echo "${file##*bpnode}"
	done
}

_bproc_states() {
	{
		cat "$_bproc_sys"/bpnode*/state 2>/dev/null
		printf '%s\n' up down boot error
	} | sort -u
}

_bproc_groups() {
	local files=("${XDG_CONFIG_HOME:-$HOME/.config}/bproc/groups" "$_bproc_etc/groups")

	[ -z "${BPROC_GROUPS-}" ] || files=("$BPROC_GROUPS")
	sed -n 's/^[[:space:]]*\([A-Za-z_][A-Za-z0-9_.-]*\)[[:space:]]*:.*/@\1/p' \
		"${files[@]}" 2>/dev/null
}

# The part behind the last comma.
_bproc_nodes() {
	local before="" cur=$1

	case $cur in
	*,*) before=${cur%,*}, cur=${cur##*,} ;;
	esac
	mapfile -t COMPREPLY < <(compgen -P "$before" -W \
		"$(_bproc_numbers) $(_bproc_states | sed 's/.*/all&/') all master $(_bproc_groups)" \
		-- "$cur")
	compopt -o nospace 2>/dev/null || :
}

_bproc_words() {
	mapfile -t COMPREPLY < <(compgen -W "$2" -- "$1")
}

_bproc_users() {
	mapfile -t COMPREPLY < <(compgen -u -- "$1")
}

_bproc_processes() {
	_bproc_words "$1" "$(ps -u "$(id -u)" -o pid=)"
}

_bproc_files() {
	compopt -o filenames 2>/dev/null || :
	mapfile -t COMPREPLY < <(compgen -f -- "$1")
}

# What the option before the cursor takes: true if it was completed.
_bproc_argument() {
	local command=$1 option=$2 cur=$3

	case $command:$option in
	bpctl:-S | bpctl:--nodes | bpshell:-u | bpshell:--use | bpmove:-[dt] | bpmove:--drain | bpmove:--to)
		_bproc_nodes "$cur"
		;;
	bpctl:-s | bpctl:--state) _bproc_words "$cur" "$(_bproc_states) unavailable" ;;
	bpctl:-u | bpctl:--user | bptop:-u | bptop:--user) _bproc_users "$cur" ;;
	bpctl:-g | bpctl:--group) mapfile -t COMPREPLY < <(compgen -g -- "$cur") ;;
	bpctl:-m | bpctl:--mode) _bproc_words "$cur" "1 10 11 100 101 110 111" ;;
	bpslave:-k | *:--key | bproc-mknode:-[Ki] | bproc-mknode:--include | *:--trace | *:--config | \
		bpmaster:-[cm] | bpslave:-m | bproc-mknode:--root | bproc-mknode:-r)
		_bproc_files "$cur"
		;;
	bproc-mknode:-k | bproc-mknode:--kernel)
		_bproc_words "$cur" "$(cd /lib/modules 2>/dev/null && echo *)"
		;;
	bpsh:-[IOE] | bpsh:--std* | bpsh:-b | bpsh:--buffer | bpsh:-l | bpsh:--login | bpctl:-r | \
		bpctl:--chroot | bpctl:--reconnect | bpstat:-A | bpstat:--host | bptop:-[nd] | \
		bptop:--count | bptop:--delay | bpshell:-c | bpshell:--command | \
		bproc-mknode:-[mMx] | bproc-mknode:--master | bproc-mknode:--modules | \
		bproc-mknode:--run | bpslave:-[sPnl] | bpslave:--source | bpslave:--peers | \
		bpslave:--attempts | bpslave:--log | bpiod:-f | bpiod:--facility)
		COMPREPLY=()
		;;
	*) return 1 ;;
	esac
}

# Of the words that are no options the cursor's is this one, from 1.
_bproc_place() {
	local i n=1

	for ((i = 1; i < COMP_CWORD; i++)); do
		[[ ${COMP_WORDS[i]} == -* ]] || n=$((n + 1))
	done
	echo "$n"
}

# bpsh: nodes, then a program, then what that takes.
_bproc_bpsh() {
	local i word takes_nodes=1

	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		case $word in
		-a | -A | -1 | --up | --not-down | --here) takes_nodes= ;;
		-b | -I | -O | -E | -l | --buffer | --stdin | --stdout | --stderr | --login)
			i=$((i + 1))
			;;
		-*) ;;
		*)
			if [ -n "$takes_nodes" ]; then
				takes_nodes=
			else
				# The program's own arguments.
				if declare -F _command_offset >/dev/null; then
					_command_offset "$i"
				else
					_bproc_files "${COMP_WORDS[COMP_CWORD]}"
				fi
				return
			fi
			;;
		esac
	done
	if [ -n "$takes_nodes" ]; then
		_bproc_nodes "$1"
	else
		mapfile -t COMPREPLY < <(compgen -c -- "$1")
	fi
}

_bproc() {
	local command=${1##*/} cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}

	COMPREPLY=()
	if [ "$COMP_CWORD" -gt 1 ] && _bproc_argument "$command" "$prev" "$cur"; then
		return
	fi
	if [[ $cur == -* ]]; then
		case $command:$COMP_CWORD in
		bpsh:*)
			# Not for the program behind it.
			_bproc_bpsh_before_program && _bproc_words "$cur" "$(_bproc_options "$1")"
			;;
		bpctl:*)
			if [ "$COMP_CWORD" -gt 1 ] && [ "${COMP_WORDS[1]}" = check ]; then
				_bproc_words "$cur" "$(_bproc_options "$1" check)"
			else
				_bproc_words "$cur" "$(_bproc_options "$1")"
			fi
			;;
		*) _bproc_words "$cur" "$(_bproc_options "$1")" ;;
		esac
		return
	fi
	case $command in
	bpsh) _bproc_bpsh "$cur" ;;
	bpstat | bptop) _bproc_nodes "$cur" ;;
	bpcp)
		_bproc_files "$cur"
		mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -S : -W "$(_bproc_numbers) master" -- "$cur")
		compopt -o nospace 2>/dev/null || :
		;;
	bpmove)
		# Not what --drain takes: one node.
		if [ "$(_bproc_place)" = 1 ]; then
			_bproc_processes "$cur"
		else
			_bproc_words "$cur" "$(_bproc_numbers) master"
		fi
		;;
	bpckpt)
		case $(_bproc_place):${COMP_WORDS[1]} in
		1:*) _bproc_words "$cur" "dump exec restore info" ;;
		2:dump) _bproc_processes "$cur" ;;
		*) _bproc_files "$cur" ;;
		esac
		;;
	bpctl)
		if [ "$COMP_CWORD" = 1 ]; then
			_bproc_words "$cur" "check $(_bproc_options "$1")"
		elif [ "${COMP_WORDS[1]}" != check ]; then
			_bproc_words "$cur" "$(_bproc_options "$1")"
		fi
		;;
	bpmaster | bpslave | bpiod) ;;
	bproc-key)
		if [ "$(_bproc_place)" = 1 ]; then
			_bproc_words "$cur" "generate install fingerprint show"
		else
			_bproc_files "$cur"
		fi
		;;
	*) _bproc_files "$cur" ;;
	esac
}

# Is there no program among the words yet?
_bproc_bpsh_before_program() {
	local i nodes=

	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-a | -A | -1 | --up | --not-down | --here) nodes=1 ;;
		-b | -I | -O | -E | -l | --buffer | --stdin | --stdout | --stderr | --login)
			i=$((i + 1))
			;;
		-*) ;;
		*)
			[ -z "$nodes" ] || return 1
			nodes=1
			;;
		esac
	done
}

complete -F _bproc bpsh bpstat bpctl bpshell bpcp bpmove bptop bplib bpckpt \
	bpmaster bpslave bpiod bproc-key bproc-mknode
