// A plain WebSocket client in lines: each message that comes is printed as "message TEXT", each line of the input is sent; the input's end closes.
'use strict';

const { createInterface } = require('node:readline');
const WebSocket = require('ws');

const [address, token] = process.argv.slice(2);
const socket = new WebSocket(address, ['eit.plain', `eit.bearer.${Buffer.from(token).toString('base64url')}`]);
socket.on('open', () => console.log(`open ${socket.protocol}`));
socket.on('message', data => console.log(`message ${data}`));
socket.on('error', error => console.log(`error ${error.message}`));
socket.on('close', (code, reason) => {
  console.log(`close ${code} ${reason}`);
  process.exit();
});
createInterface(process.stdin).on('line', line => socket.send(line)).on('close', () => socket.close(1000));
