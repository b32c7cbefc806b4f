# shellcheck shell=bash
# Completion by bash for strongroom(8) and strongroom.fcgi(8).

# The words of the command line that are no options and no options' values.
_strongroom_words()
{
	local i takes_value='--config|--socket|--socket-group|--user|--name'
	takes_value+='|--expires|--scopes|--types|--overlap|--from|--to'
	takes_value+='|--identity|--recipient'
	takes_value+='|--type|--status|--active|--identifier|--org-slug'
	takes_value+='|--workspace-id|--tag|--q|--expires-before|--token-state'
	takes_value+='|--web-user|--document-root'
	words=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		if [[ ${COMP_WORDS[i]} =~ ^($takes_value)$ ]]; then
			((i++))
			# readline breaks --config=FILE into three words
			[[ ${COMP_WORDS[i]-} != '=' ]] || ((i++))
		elif [[ ${COMP_WORDS[i]} == -* ]]; then
			[[ ${COMP_WORDS[i + 1]-} != '=' ]] || ((i += 2))
		else
			words+=("${COMP_WORDS[i]}")
		fi
	done
}


_strongroom_offer()
{
	mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur")
}

_strongroom_files()
{
	compopt -o filenames 2>/dev/null
	mapfile -t COMPREPLY < <(compgen -f -- "$cur")
}

# The value of the option before the cursor; false: there is none.
_strongroom_value()
{
	local prev=${COMP_WORDS[COMP_CWORD - 1]}
	if [[ $cur == '=' ]]; then
		cur=
	elif [[ $prev == '=' ]]; then
		prev=${COMP_WORDS[COMP_CWORD - 2]-}
	fi
	case $prev in
	--config|--socket|--identity|--to|--document-root) _strongroom_files ;;
	--web-user) mapfile -t COMPREPLY < <(compgen -u -- "$cur") ;;
	--socket-group) mapfile -t COMPREPLY < <(compgen -g -- "$cur") ;;
	--expires) _strongroom_offer '1d 7d 30d 90d 365d' ;;
	--scopes) _strongroom_offer 'save read reveal verify admin metrics' ;;
	--types) _strongroom_offer 'sentry jira linear confluence slack github' ;;
	--overlap) _strongroom_offer '0s 1h 1d 7d' ;;
	--type) _strongroom_offer 'sentry jira linear confluence slack github' ;;
	--status) _strongroom_offer 'active inactive pending error' ;;
	--active) _strongroom_offer 'yes no' ;;
	--token-state) _strongroom_offer 'valid expiring expired unknown' ;;
	--user|--name|--recipient|--from|--identifier|--org-slug|--workspace-id|--tag|--q|--expires-before)
		COMPREPLY=() ;;
	*) return 1 ;;
	esac
}

_strongroom()
{
	local cur=${COMP_WORDS[COMP_CWORD]} words
	COMPREPLY=()
	_strongroom_value && return
	_strongroom_words
	if [[ $cur == -* ]]; then
		_strongroom_options
		return
	fi
	case ${#words[@]}:${words[0]-} in
	0:) _strongroom_offer 'init key integration master-key check doctor audit
		backup restore migrate move import export recipient user version' ;;
	1:key) _strongroom_offer 'create import list revoke rotate' ;;
	1:audit) _strongroom_offer 'list verify head export prune' ;;
	1:user) _strongroom_offer 'erase' ;;
	1:integration) _strongroom_offer 'list show reveal edit delete' ;;
	1:master-key) _strongroom_offer 'rotate status retire' ;;
	1:recipient) _strongroom_offer 'create public-key open' ;;
	1:backup|1:restore|2:recipient) _strongroom_files ;;
	2:key)
		[[ ${words[1]} != revoke && ${words[1]} != rotate ]] ||
			_strongroom_ids key ;;
	2:integration)
		[[ ! ${words[1]} =~ ^(show|reveal|edit|delete)$ ]] ||
			_strongroom_ids integration ;;
	2:master-key)
		[[ ${words[1]} != retire ]] || _strongroom_ids master-key ;;
	esac
}

_strongroom_options()
{
	local options='--config --json --help --version'
	case "${words[*]}" in
	'key create'|'key import') options+=' --user --name --expires --scopes --types' ;;
	'key rotate') options+=' --overlap' ;;
	'audit list'|'audit export') options+=' --user' ;;
	'audit verify') options+=' --from' ;;
	'integration list') options+=' --user --type --status --active
		--identifier --org-slug --workspace-id --tag --q
		--expires-before --token-state' ;;
	doctor) options+=' --socket --web-user --document-root' ;;
	move|restore) options+=' --to' ;;
	import) options+=' --user --identity' ;;
	export) options+=' --user --recipient --in-clear' ;;
	esac
	_strongroom_offer "$options"
}

# Ids as the command itself lists them, to whoever may read the database.
_strongroom_ids()
{
	local config=() i list=list
	[[ $1 != master-key ]] || list=status
	for ((i = 1; i < COMP_CWORD - 1; i++)); do
		[[ ${COMP_WORDS[i]} == --config ]] || continue
		[[ ${COMP_WORDS[i + 1]} != '=' ]] || ((i++))
		config=(--config "${COMP_WORDS[i + 1]}")
	done
	_strongroom_offer "$("${COMP_WORDS[0]}" "${config[@]}" "$1" $list \
	    2>/dev/null | tail -n +2 | cut -d ' ' -f 1)"
}

_strongroom_fcgi()
{
	local cur=${COMP_WORDS[COMP_CWORD]}
	COMPREPLY=()
	_strongroom_value ||
		_strongroom_offer '--config --socket --socket-group --help --version'
}

complete -F _strongroom strongroom
complete -F _strongroom_fcgi strongroom.fcgi
