// Moments: the server's are UTC and do not say so.

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'always' });
const units = [['year', 31557600], ['month', 2629800], ['week', 604800],
	['day', 86400], ['hour', 3600], ['minute', 60]];

export function moment(text) {
	return new Date(/(?:Z|[+-]\d\d:?\d\d)$/i.test(text) ? text : `${text}Z`);
}

// "3 days ago", "in 2 hours"
export function fromNow(date, now = Date.now()) {
	const seconds = (date - now) / 1000;
	for (const [unit, length] of units) {
		if (Math.abs(seconds) >= 0.95 * length)
			return relative.format(Math.round(seconds / length), unit);
	}
	return seconds > 0 ? 'in a moment' : 'just now';
}

export function timeElement(text, before = '') {
	const date = moment(text);
	const made = document.createElement('time');
	made.dateTime = date.toISOString();
	made.title = `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
	made.textContent = before + fromNow(date);
	return made;
}
