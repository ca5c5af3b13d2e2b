// The server's end of Socket.IO: what ServerEnd does. Says its port on a line; ends with its standard input.
const http = require('http');
const { Server } = require('socket.io');

const server = http.createServer();
const io = new Server(server, { transports: ['websocket'] });

io.on('connection', (socket) => {
  let count = 0;
  const push = (until, payload, sent) => {
    for (let i = 0; i < 64; i++) { socket.emit('m', payload); }
    sent += 64;
    // Node buffers without bound: a sender that waits looks at what the WebSocket holds.
    const next = () => {
      if (socket.conn.transport.socket.bufferedAmount > 1024 * 1024) { setImmediate(next); }
      else if (performance.now() < until) { push(until, payload, sent); }
      else { socket.emit('m', '=' + sent); }
    };
    setImmediate(next);
  };
  socket.on('m', (text) => {
    if (text[0] === 'x') { count++; return; }
    if (text[0] === 'e') { socket.emit('m', text); return; }
    const words = text.split(' ');
    if (words[0] === 'count') {
      socket.emit('m', '=' + count);
      count = 0;
    } else if (words[0] === 'push') {
      push(performance.now() + Number(words[1]), 'x'.repeat(Number(words[2])), 0);
    }
  });
});

server.listen(0, '127.0.0.1', () => console.log(server.address().port));
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
