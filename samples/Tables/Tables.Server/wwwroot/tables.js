// A plain client: the browser's own WebSocket. The server keeps the seat while the page is away, so the page only has to dial again.
'use strict';

const firstWait = 500;                                    // ms
const longestWait = 10_000;
const logLength = 100;

const element = id => document.getElementById(id);
let name;
let table;
let socket;
let failures = 0;

element('door').addEventListener('submit', event => {
  event.preventDefault();
  name = element('name').value;
  table = element('table').value;
  element('door').hidden = true;
  dial();
});

element('moves').addEventListener('click', event => {
  if (event.target.value) { socket.send(JSON.stringify({ take: Number(event.target.value) })); }
});

element('talk').addEventListener('submit', event => {
  event.preventDefault();
  if (socket.readyState !== WebSocket.OPEN) { return; }   // The words stay in their field until they can leave.
  socket.send(JSON.stringify({ say: element('words').value }));
  element('words').value = '';
});

async function dial() {
  showState('Connecting…');
  let token;
  try { token = await logIn(); } catch (failure) { return redialLater(failure.message); }

  // A page can't set headers, so the token is offered as a subprotocol; the server takes it and answers with 'eit.plain'.
  socket = new WebSocket(new URL(`/tables/${table}`, location.href.replace(/^http/, 'ws')), ['eit.plain', `eit.bearer.${base64Url(token)}`]);
  socket.addEventListener('open', () => showState('Connected.', true));
  socket.addEventListener('message', event => {
    failures = 0;
    showTable(JSON.parse(event.data));
  });
  socket.addEventListener('close', event => {
    const isRefused = event.code >= 4600 && event.code < 4700;
    if (isRefused) { showState(`The server says: ${event.reason}`); } else { redialLater(event.reason || 'The connection is lost.'); }
  });
}

async function logIn() {
  const answer = await fetch(`/login/${encodeURIComponent(name)}`, { method: 'POST' });
  if (!answer.ok) { throw new Error(`The server does not let ${name} in (${answer.status}).`); }
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

function showState(text, isConnected = false) {
  element('state').textContent = text;
  for (const button of document.querySelectorAll('#moves button')) { button.disabled = !isConnected; }
}

function showTable(news) {
  element('room').hidden = false;
  element('stones').textContent = `${'●'.repeat(news.stones)} ${news.stones}`;
  element('seats').replaceChildren(...news.seats.map(seat => {
    const isTurn = seat.name === news.turn;
    const text = `${seat.name}${seat.isHere ? '' : ' (away)'}${isTurn ? `: ${news.secondsLeft} s` : ''}`;
    return item(text, `${isTurn ? 'turn' : ''} ${seat.isHere ? '' : 'away'}`.trim());
  }));
  element('log').prepend(item(news.what));
  while (element('log').childElementCount > logLength) { element('log').lastElementChild.remove(); }
}

function item(text, className = '') {
  const made = document.createElement('li');
  made.textContent = text;
  made.className = className;
  return made;
}
