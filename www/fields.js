// The members of a save, as fields; and what has been typed into them as the
// body of a request. Knows no dialog and sends nothing.

import { el } from './dom.js';
import { statuses, types } from './words.js';

const secrets = [
	['access_token', 'Access token', 'password'],
	['refresh_token', 'Refresh token', 'password'],
	['expires_at', 'Ends at', 'text',
		'2031-01-01T00:00:00Z, or Unix seconds'],
	['token_type', 'Token type', 'text'],
	['scope', 'Scope', 'text'],
	['code', 'Code', 'password'],
];
const places = [
	['org_slug', 'Organisation'],
	['installation_id', 'Installation id'],
	['workspace_id', 'Workspace id'],
	['project_id', 'Project id'],
];
const notes = [
	['instance_name', 'Instance name'],
	['created_via', 'Created via'],
	['version', 'Version'],
	['description', 'Description'],
];
const COMMON = 3;
const FURTHER = 'body.auth_data';
const TAGS = 'body.metadata.tags';

function group(title, words, ...children) {
	return el('fieldset', {}, el('legend', {}, title),
	    words ? el('p', { class: 'small' }, words) : null, ...children);
}

function folded(title, words, is_open, ...children) {
	return el('details', { open: is_open }, el('summary', {}, title),
	    el('p', { class: 'small' }, words), ...children);
}

const grid = (...children) => el('div', { class: 'grid' }, ...children);
const asText = (value) => value === null || value === undefined
	? '' : String(value);

function whatFields(form, was, kinds) {
	const made = [form.text('body.name', 'Name',
	    { value: was?.name, required: true })];
	if (!was) {
		made.push(form.select('body.integration_type', 'Type',
		    [['', 'Choose one'], ...kinds.map((t) => [t, types[t]])],
		    { required: true }),
		form.text('body.unique_identifier', 'Identifier', { hint:
		    'What programs find it by. Left empty, one is made.' }));
	}
	made.push(form.select('body.status', 'Status',
	    statuses.map((s) => [s, s]), { value: was?.status ?? 'active' }));
	return group('The integration', '', grid(...made), form.check(
	    'body.active', 'Switched on', { checked: was?.active ?? true }));
}

// Nobody is shown what is there: an empty field leaves it, a box removes it.
function secretField(form, was, [name, label, type, hint]) {
	const field = form.text(`body.auth_data.${name}`, label, { type, hint,
		placeholder: was ? 'unchanged' : null });
	return was ? el('div', {}, field, form.check(`remove ${name}`, 'Remove',
	    { about: label })) : field;
}

function secretFields(form, was) {
	const made = secrets.map((entry) => secretField(form, was, entry));
	const others = form.area(FURTHER, 'Others', { code: true,
		hint: 'Members of a JSON object, kept byte for byte: ' +
		    '{"client_secret": "..."}' + (was ? '. null removes one, what ' +
		    'is not named is unchanged.' : ''),
		placeholder: was ? 'unchanged' : null });
	return [group('Credentials', 'Sealed before they reach a disk, and never ' +
	    'in a list.' + (was ? ' What is left empty stays.' : ''),
	    grid(...made.slice(0, COMMON))),
	folded('Further credentials', 'Sealed as well.', false,
	    grid(...made.slice(COMMON)), others)];
}

function clearFields(form, was) {
	const at = was?.scope_data ?? {};
	const about = was?.metadata ?? {};
	const fields = (name, list, values) => grid(...list.map(
	    ([member, label]) => form.text(`body.${name}.${member}`, label,
		{ value: asText(values[member]) })));
	return [folded('Where it applies', 'Kept in clear, to be found by.',
	    Object.keys(at).length > 0, fields('scope_data', places, at)),
	folded('Notes', 'Kept in clear: put no secret here.', false,
	    fields('metadata', notes, about), form.area(TAGS, 'Tags',
		{ hint: 'One a line', value: (about.tags ?? []).join('\n') }))];
}

// former: what the server has, null for a new integration; kinds: the types
// that the key may save.
export function makeFields(form, former, kinds) {
	return [whatFields(form, former, kinds), ...secretFields(form, former),
		...clearFields(form, former)];
}

// What differs from the former, as members: an empty text where there was
// something is null, which removes it.
function plain(form, former, name, list) {
	const was = former?.[name] ?? {};
	const members = {};
	for (const [member] of list) {
		const is = form.control(`body.${name}.${member}`).value;
		if (is !== asText(was[member]))
			members[member] = is === '' ? null : is;
	}
	return members;
}

function tags(form, former) {
	const was = (former?.metadata?.tags ?? []).join('\n');
	const is = form.control(TAGS).value;
	if (is === was)
		return undefined;
	return is.split('\n').filter((tag) => tag !== '');
}

function top(form, former) {
	const is = { name: form.control('body.name').value,
		status: form.control('body.status').value,
		active: form.control('body.active').checked };
	if (former) {
		for (const name of Object.keys(is)) {
			if (is[name] === former[name])
				delete is[name];
		}
		return is;
	}
	for (const name of ['integration_type', 'unique_identifier']) {
		const { value } = form.control(`body.${name}`);
		if (value !== '')
			is[name] = value;
	}
	return is;
}

// The members of auth_data that were given. An empty field is one that stays.
function given(form, former) {
	const members = {};
	for (const [name] of secrets) {
		const { value } = form.control(`body.auth_data.${name}`);
		if (value !== '')
			members[name] = value;
		else if (former && form.control(`remove ${name}`).checked)
			members[name] = null;
	}
	return members;
}

const bytes = (text) => new TextEncoder().encode(text).length;

// All members but those of auth_data.
function clearMembers(form, former) {
	const body = top(form, former);
	const where = plain(form, former, 'scope_data', places);
	const about = plain(form, former, 'metadata', notes);
	const list = tags(form, former);
	if (list)
		about.tags = list;
	if (Object.keys(where).length)
		body.scope_data = where;
	if (Object.keys(about).length)
		body.metadata = about;
	return body;
}

// makeBody(form, former): { text, home }. What was typed as JSON goes into the
// text as it is, whatever it is; home(faults) gives a fault in it to its field.
export function makeBody(form, former) {
	const rest = JSON.stringify(clearMembers(form, former));
	const known = JSON.stringify(given(form, former)).slice(1, -1);
	const typed = form.control(FURTHER).value;
	const inner = (/^\s*\{([^]*)\}\s*$/.exec(typed) ?? ['', typed])[1].trim();
	if (known === '' && inner === '')
		return { text: rest, home: (faults) => faults };

	const before = `${rest.slice(0, -1)}${rest === '{}' ? '' : ','}` +
	    `"auth_data":{${known}${known && inner && ','}`;
	const isInside = ({ type, loc }) => inner !== '' &&
	    type === 'value_error.jsondecode' && loc[1] >= bytes(before);
	return { text: `${before}${inner}}}`, home: (faults) => faults.map(
	    (fault) => isInside(fault) ? { ...fault, loc: ['body', 'auth_data'] }
		: fault) };
}

// After somebody else's change: what was not touched here takes the new value.
export function rebase(form, former, newest) {
	const sync = (path, name, value, was) => {
		const control = form.control(path);
		if (control.type === 'checkbox') {
			if (control.checked === was)
				control.checked = value;
		} else if (control.value === asText(was)) {
			control.value = asText(value);
		}
	};
	for (const name of ['name', 'status', 'active'])
		sync(`body.${name}`, name, newest[name], former[name]);
	for (const [name, list] of [['scope_data', places], ['metadata', notes]]) {
		for (const [member] of list) {
			sync(`body.${name}.${member}`, member,
			    newest[name]?.[member], former[name]?.[member]);
		}
	}
	sync(TAGS, 'tags', (newest.metadata?.tags ?? []).join('\n'),
	    (former.metadata?.tags ?? []).join('\n'));
}
