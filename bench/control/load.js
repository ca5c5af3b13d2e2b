// 1,000 messages a second are echoed to 20 plain clients; beside them, every other time, 1,000 control calls a second go over one connection.
'use strict';

const http = require('node:http');
const WebSocket = require('../../tests/Eit.Browser.Tests/node_modules/ws');

const [address, token, control] = process.argv.slice(2);
const clients = 20;
const perSecond = 1000;
const seconds = 5;
const rounds = 4;                                                  // the first one warms up

const now = () => Number(process.hrtime.bigint()) / 1e6;
const after = milliseconds => new Promise(resolve => setTimeout(resolve, milliseconds));

let delays = [];
const sockets = Array.from({ length: clients }, () => new WebSocket(address, { headers: { authorization: `Bearer ${token}` }, rejectUnauthorized: false }));
for (const socket of sockets) socket.on('message', data => delays.push(now() - Number(data)));

async function paced(milliseconds, act) {
  const began = now();
  for (let done = 0; now() - began < milliseconds; await after(1)) {
    while (done < (now() - began) * perSecond / 1000) await act(done++);
  }
}

async function traffic() {
  delays = [];
  await paced(seconds * 1000, number => sockets[number % clients].send(String(now())));
  await after(500);
  delays.sort((one, other) => one - other);
  const at = share => delays[Math.floor(delays.length * share)].toFixed(2);
  return `${delays.length} messages, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`;
}

const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
let calls = 0;
const call = () => new Promise((resolve, reject) => {
  http.get({ socketPath: control, path: '/connections', agent }, answer => answer.resume().on('end', () => { calls++; resolve(); })).on('error', reject);
});

(async () => {
  await Promise.all(sockets.map(socket => new Promise(resolve => socket.on('open', resolve))));
  for (let round = 0; round < rounds; round++) {
    console.log(`without control calls: ${await traffic()}`);
    calls = 0;
    const [seen] = await Promise.all([traffic(), paced(seconds * 1000, call)]);
    console.log(`with ${Math.round(calls / seconds)} calls a second:  ${seen}`);
  }
  process.exit();
})();
