// Elements, made of names and texts alone: nothing here ever reads HTML, so
// what somebody has called an integration cannot become a part of the page.

let ids = 0;

export function newId() {
	ids += 1;
	return `n${ids}`;
}

// el('button', { type: 'button', onclick: call, hidden: false }, 'Show')
export function el(tag, attributes = {}, ...children) {
	const made = document.createElement(tag);
	for (const [name, value] of Object.entries(attributes)) {
		if (name.startsWith('on'))
			made.addEventListener(name.slice(2), value);
		else if (value === true)
			made.setAttribute(name, '');
		else if (value !== false && value !== null && value !== undefined)
			made.setAttribute(name, value);
	}
	made.append(...children.flat(Infinity).filter((child) => child !== null));
	return made;
}

// A button whose name, for those who do not see what it stands beside, goes on
// with what it is about.
export function button(text, call, about = '', kind = '') {
	return el('button', { type: 'button', class: kind, onclick: call,
		'aria-label': about ? `${text} ${about}` : null }, text);
}

// What has happened, for eyes and for screen readers, which hear nothing from
// behind a dialog.
export function say(text) {
	const place = document.querySelector('dialog[open] .status') ??
	    document.getElementById('said');
	place.textContent = text;
}

export function alertBox() {
	return el('div', { class: 'alert', role: 'alert' });
}

// The server's words; of its own failures the id too, which its log has.
export function tell(box, refusal, ...more) {
	const id = refusal.status >= 500 && refusal.requestId;
	box.replaceChildren(el('p', {}, refusal.message),
	    ...id ? [el('p', { class: 'small' }, `Request ${id}`)] : [],
	    ...more);
}

// Copy, and say so on the button. Where a page may not write to the clipboard,
// the text is selected instead.
export function copyButton(text, source, what) {
	const name = `Copy ${what}`;
	const made = button(name, async () => {
		try {
			await navigator.clipboard.writeText(text());
			made.textContent = 'Copied';
			say('Copied');
		} catch {
			getSelection().selectAllChildren(source);
			say('Selected: copy it with the keyboard');
		}
		setTimeout(() => { made.textContent = name; }, 2000);
	});
	return made;
}

// Many things in groups, a group a frame, so that a thousand hold up nobody. It
// ends early when nobody wants them any more.
export async function inFrames(items, add, isWanted) {
	const GROUP = 40;
	for (let at = 0; at < items.length; at += GROUP) {
		if (at > 0)
			await new Promise(requestAnimationFrame);
		if (!isWanted())
			return;
		add(items.slice(at, at + GROUP));
	}
}
