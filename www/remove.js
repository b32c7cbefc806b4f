// The dialog that deletes an integration, once its name has been typed.

import { ask } from './api.js';
import { openDialog } from './dialog.js';
import { alertBox, button, el, say, tell } from './dom.js';
import { Form } from './form.js';

// A field of one line cannot hold a line's end.
const oneLine = (text) => text.replace(/[\r\n]/g, '').trim();

export function openRemove(item, onDone, focusAfter) {
	const alert = alertBox();
	const form = new Form(remove);
	const dialog = openDialog({ title: `Delete ${item.name}`, focusAfter });

	async function remove() {
		form.clearFaults();
		alert.replaceChildren();
		if (oneLine(form.control('typed').value) !== oneLine(item.name)) {
			form.showFaults([{ loc: ['typed'],
				msg: 'This is not its name.' }]);
			return;
		}
		try {
			await ask('DELETE', `integrations/${item.integration_id}`);
			dialog.close();
			say(`${item.name} was deleted.`);
			onDone();
		} catch (refusal) {
			tell(alert, refusal);
		}
	}

	dialog.body.append(
	    el('p', {}, 'Its credentials are gone at once and cannot be brought ' +
		'back, but from a backup. From then on:'),
	    el('ul', {},
		el('li', {}, 'programs that read it, refresh it or want its ' +
		    'token get 404, "Integration not found";'),
		el('li', {}, 'a program that saves it again under ',
		    el('span', { class: 'code' }, item.unique_identifier),
		    ' makes a new one;'),
		el('li', {}, 'the token itself stays good where it came from, ' +
		    'until it is revoked there.')),
	    form.text('typed', `Type the name to delete it: ${item.name}`));
	dialog.foot.append(alert, button('Delete', remove, item.name, 'grave'),
	    button('Cancel', dialog.close));
	dialog.show(form.control('typed'));
}
