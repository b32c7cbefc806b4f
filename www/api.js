// Requests to the service, and the key that they carry. The key lives in one
// variable of this module: not in storage, a cookie, the address or the page.
// Knows nothing of what is on the screen.

const API = '../api/v2/';
const LIMIT_S = 10;

let key = null;
let lost = () => {};

export function useKey(text) {
	key = text;
}

export function forgetKey() {
	key = null;
}

// What is called when the service does not take the key any more.
export function onLost(call) {
	lost = call;
}

// A request that was not done: the server's own words, and where they belong.
export class Refusal extends Error {
	constructor(status, words, more = {}) {
		super(words);
		this.status = status;
		this.faults = more.faults ?? [];
		this.requestId = more.requestId ?? null;
	}
}

// Numbers that JavaScript would round stay as they were sent, as texts.
function parse(text) {
	const exact = text.replace(
	    /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g,
	    (token) => token[0] === '"' || String(Number(token)) === token
		? token : `"${token}"`);
	return JSON.parse(exact);
}

function refusalOf(answer, text) {
	const more = { requestId: answer.headers.get('x-request-id') };
	let said;
	try {
		said = parse(text);
	} catch {
		said = {};
	}
	if (Array.isArray(said.detail)) {
		more.faults = said.detail;
		const words = said.detail.map((fault) => fault.msg);
		return new Refusal(answer.status, words.join('; '), more);
	}
	return new Refusal(answer.status, said.detail ?? said.error ??
	    `The web server answered ${answer.status}.`, more);
}

async function send(method, path, headers, body) {
	try {
		const answer = await fetch(API + path, { method, headers, body,
			cache: 'no-store', credentials: 'omit', redirect: 'error',
			signal: AbortSignal.timeout(LIMIT_S * 1000) });
		return { answer, text: await answer.text() };
	} catch (error) {
		const words = error.name === 'TimeoutError'
			? `There was no answer within ${LIMIT_S} seconds.`
			: 'The service cannot be reached.';
		throw new Refusal(0, method === 'GET' ? words
			: `${words} Whether it was done is not known.`);
	}
}

// Some hosts let no PATCH and no DELETE pass; the service's own words tell its
// 403 from theirs.
function isOfTheHost(answer, text) {
	return answer.status === 405 || answer.status === 501 ||
	    (answer.status === 403 && !text.includes('API key lacks'));
}

// ask('PATCH', 'integrations/ID', { text or json: the body, headers, key: in
// place of the one in use }): { data, text, etag }, or a Refusal is thrown.
export async function ask(method, path, options = {}) {
	const headers = { 'x-api-key': options.key ?? key ?? '',
		...options.headers };
	let body = options.text;
	if (options.json !== undefined)
		body = JSON.stringify(options.json);
	if (body !== undefined)
		headers['content-type'] = 'application/json';

	let { answer, text } = await send(method, path, headers, body);
	if (/^(PATCH|DELETE)$/.test(method) && isOfTheHost(answer, text)) {
		headers['x-http-method-override'] = method;
		({ answer, text } = await send('POST', path, headers, body));
	}
	// Who has signed out meanwhile is shown nothing any more.
	if (options.key === undefined && key === null)
		throw new Refusal(0, 'You have signed out.');
	if (!answer.ok) {
		const refusal = refusalOf(answer, text);
		if (answer.status === 401 && options.key === undefined)
			lost(refusal);
		throw refusal;
	}
	return { data: parse(text).data, text,
		etag: answer.headers.get('etag') };
}

// A list's address: without the filters that are not set.
export function query(path, filters) {
	const set = Object.entries(filters).filter(([, value]) => value);
	return set.length ? `${path}?${new URLSearchParams(set)}` : path;
}

// For a save or a change, so that sending the same again does nothing twice.
// randomUUID is for secure contexts alone.
export function freshIdempotencyKey() {
	const bytes = crypto.getRandomValues(new Uint8Array(16));
	return Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');
}
