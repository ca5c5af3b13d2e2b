// A plain client: JSON arrays over the browser's own WebSocket (docs/RPC.md, W). Its session ends with its WebSocket, so after each dial it asks for what it has missed.
'use strict';

const firstWait = 500;                                    // ms
const longestWait = 10_000;

const element = id => document.getElementById(id);
const list = location.hash.slice(1) || 'shopping';
const underWay = new Map();                               // Calls without an answer: they are made again, because doing them twice is doing them once.
let items = new Map();
let position = null;                                      // How far we have come; the server's own words.
let lastCall = 0;
let failures = 0;
let socket;

element('add').addEventListener('submit', event => {
  event.preventDefault();
  const text = element('text').value.trim();
  if (text) { call('put', { id: makeId(), text, isDone: false }); }
  element('text').value = '';
});

element('items').addEventListener('click', event => {
  const item = items.get(event.target.dataset.id);
  if (!item) { return; }
  if (event.target.type === 'checkbox') { call('put', { ...item, isDone: event.target.checked }); } else { call('remove', item); }
});

dial();

async function dial() {
  showState('Connecting…');
  let token;
  try { token = await logIn(); } catch (failure) { return redialLater(failure.message); }

  // A page can't set headers, so the token is offered as a subprotocol; the server takes it and answers with 'eit.plain'.
  socket = new WebSocket(new URL(`/lists/${list}`, location.href.replace(/^http/, 'ws')), ['eit.plain', `eit.bearer.${base64Url(token)}`]);
  socket.addEventListener('open', () => {
    send([0, 'follow', [position]]);                      // No answer needed: what we lack comes as actions, one by one or as a whole.
    for (const message of underWay.values()) { send(message); }
    showState('Connected.');
  });
  socket.addEventListener('message', event => {
    failures = 0;
    const [code, second, third] = JSON.parse(event.data);
    if (code > 0) { answered(code, second, third); }
    if (code === 0) {
      apply(second);
      position = third;
    }
  });
  socket.addEventListener('close', event => redialLater(event.reason || 'The connection is lost.'));
}

function call(name, item) {
  const message = [++lastCall, name, [item]];
  underWay.set(lastCall, message);
  send(message);
}

function send(message) {
  if (socket?.readyState === WebSocket.OPEN) { socket.send(JSON.stringify(message)); }
}

function answered(id, isDone, result) {
  underWay.delete(id);
  if (!isDone) { showState(`The server says: ${result}`); }
}

// The same actions in the same order as at the server and at every other client.
function apply(action) {
  if (action.type === 'set') { items = new Map(action.items.map(item => [item.id, item])); }
  if (action.type === 'put') { items.set(action.item.id, action.item); }
  if (action.type === 'remove') { items.delete(action.item.id); }
  show();
}

async function logIn() {
  const answer = await fetch('/login/page', { method: 'POST' });
  if (!answer.ok) { throw new Error(`The server does not let us in (${answer.status}).`); }
  return (await answer.json()).accessToken;
}

// Waits for a random part of a time that doubles: many pages that were cut off together do not come back together.
function redialLater(why) {
  const wait = Math.random() * Math.min(longestWait, firstWait * 2 ** failures++);
  showState(`${why} Dialling again in ${(wait / 1000).toFixed(1)} s.`);
  setTimeout(dial, wait);
}

function base64Url(text) {
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

function makeId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), byte => byte.toString(16).padStart(2, '0')).join('');
}

function showState(text) {
  element('state').textContent = text;
}

function show() {
  element('items').replaceChildren(...Array.from(items.values(), item => {
    const line = document.createElement('li');
    const label = document.createElement('label');
    const box = Object.assign(document.createElement('input'), { type: 'checkbox', checked: item.isDone });
    const remove = Object.assign(document.createElement('button'), { type: 'button', textContent: 'Remove' });
    box.dataset.id = remove.dataset.id = item.id;
    label.className = item.isDone ? 'done' : '';
    label.append(box, ` ${item.text} `);
    line.append(label, remove);
    return line;
  }));
}
