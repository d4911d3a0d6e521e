import { key } from './store.js';

// One request to the house: {ok, status, data, wait, blob}. It never throws; status 0 is "nobody answered".

const lang = document.documentElement.lang;

export async function call(path, { body, timeout = 20e3, blob = false } = {}) {
  const headers = { 'X-Chat-Lang': lang };
  if (key()) headers['X-Chat-Key'] = key();
  try {
    const answer = await fetch('/nhung/chat/' + path, {
      method: body ? 'POST' : 'GET', body, headers, cache: 'no-store', credentials: 'omit', redirect: 'error', signal: AbortSignal.timeout(timeout),
    });
    const out = { ok: answer.ok, status: answer.status, wait: Number(answer.headers.get('Retry-After')) || 0, data: {} };
    if (answer.ok && blob) out.blob = await answer.blob();
    else out.data = await answer.json();
    return out;
  } catch {
    return { ok: false, status: 0, wait: 0, data: {} };
  }
}
