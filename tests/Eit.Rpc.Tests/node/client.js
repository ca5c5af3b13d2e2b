// The npm client against our server: says what happens as lines of JSON.
const createSocket = require('socket.red-client').default;
const WebSocket = require('ws');

const say = (...words) => console.log(JSON.stringify(words));
const socket = createSocket(action => say('dispatch', action), {}, WebSocket);
const tell = (name, args) => socket.rpc(name, args).then(result => say('result', result), error => say('error', error.message));

const begun = new Promise(resolve => {
  socket.on('event', (name, data) => {
    say('event', name, data);
    if (name === 'hi') resolve();
  });
});
socket.on('disconnect', () => say('disconnect'));
socket.on('error', () => {
  say('refused');
  process.exit(0);
});
socket.on('connect', async () => {
  await begun; // The server's start of the session runs beside the calls.
  await tell('clap', [2]);
  await tell('clap', [3]);
  await tell('clap', [11]);
  await tell('clap', []);
  await tell('nothing', [1]);
  await tell('break', []);
  await tell('createRecord', ['book', { title: 'Dune', pages: 412 }]);
  await tell('toGroup', []);
  await tell('bye', []);
});
socket.open(process.argv[2]);
