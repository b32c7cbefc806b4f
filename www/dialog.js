// Dialogs: one at a time, of the browser's own kind. What was in one is gone
// when it is closed, and the focus is where it was, or at its successor.

import { el, newId, say } from './dom.js';

let open = null;

// openDialog({ title, kind, focusAfter: () => element or null, onClose })
// returns
// { body, foot, close, show }; fill the first two, then show(element that
// gets the focus).
export function openDialog({ title, kind, focusAfter, onClose }) {
	const id = newId();
	const opener = document.activeElement;
	const body = el('div', { class: 'body' });
	const foot = el('div', { class: 'actions' });
	const dialog = el('dialog', { 'aria-labelledby': id,
		class: kind },
	    el('h2', { id }, title), body, foot,
	    el('p', { class: 'unseen status', role: 'status' }));

	let over = false;

	// At once, not when the browser gets to tell of it.
	function finish() {
		if (over)
			return;
		over = true;
		if (dialog.open)
			dialog.close();
		dialog.remove();
		dialog.replaceChildren();
		if (open === finish)
			open = null;
		onClose?.();
		const next = opener.isConnected ? opener : focusAfter?.();
		(next ?? document.querySelector('main h1'))?.focus();
	}
	dialog.addEventListener('close', finish);

	function show(first) {
		closeDialog();
		say('');
		open = finish;
		document.body.append(dialog);
		dialog.showModal();
		first?.focus();
	}
	return { body, foot, close: finish, show };
}

export function closeDialog() {
	if (open)
		open();
}
