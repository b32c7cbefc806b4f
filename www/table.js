// A table of things with names: its head, its rows, and what can be done to
// each. How it looks is the style sheet's: rows are no rows of a table there,
// so the roles are said.

import { el } from './dom.js';

function head(columns) {
	const cell = (...children) => el('th', { scope: 'col',
		role: 'columnheader' }, ...children);
	return el('thead', { role: 'rowgroup' }, el('tr', { role: 'row' },
	    columns.map((name) => cell(name)),
	    cell(el('span', { class: 'unseen' }, 'Actions'))));
}

export function makeTable(label, columns, kind = '') {
	return el('table', { class: `list ${kind}`, role: 'table', hidden: true,
		'aria-label': label }, head(columns));
}

// cells: what stands below each column but the first, which is the name's.
export function makeRow(id, columns, name, cells, acts, kind = '') {
	return el('tr', { id, role: 'row', class: kind },
	    el('th', { scope: 'row', role: 'rowheader' }, name),
	    cells.map((cell, n) => el('td', { role: 'cell',
		'data-label': columns[n + 1] }, cell)),
	    el('td', { role: 'cell', class: 'acts' }, acts));
}

export function makeGroup(rows) {
	return el('tbody', { role: 'rowgroup' }, rows);
}

export function clearTable(table) {
	[...table.tBodies].forEach((group) => group.remove());
}

export const rowsOf = (table) => table.querySelectorAll('tbody tr');
