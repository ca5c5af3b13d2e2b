// The npm server for our client: says its port, then what happens as lines of JSON.
const http = require('http');
const startServer = require('socket.red');

const say = (...words) => console.log(JSON.stringify(words));
console.error = () => {};

class ServerApi {
  constructor(session) {
    this.session = session;
  }

  clap(numberOfHands) {
    if (!numberOfHands) {
      throw new Error('Cannot clap without any hands');
    }
    if (numberOfHands > 2) {
      return new Promise((resolve, reject) => setTimeout(() => {
        if (numberOfHands > 10) {
          reject(new Error('What kind of a monster are you?'));
        } else {
          resolve('its difficult to clap with so many hands');
        }
      }, 5));
    }
    return `Clap Clap Clap with ${numberOfHands}`;
  }

  createRecord(schema, record) {
    this.session.dispatch({ type: 'schema.insert', schema, payload: record });
  }

  note(text) {
    say('note', text);
  }

  bye() {
    this.session.close();
  }
}

const server = http.createServer();
startServer(server, (url) => {
  if (url.includes('throw')) {
    throw new Error('Not you.');
  }
  if (url.includes('null')) {
    return null;
  }
  return {
    onStart: (session) => {
      session.emit('hi', 'A new session has started');
      session.addCloseListener(() => say('closed'));
      return new ServerApi(session);
    },
  };
}).then(() => server.listen(0, '127.0.0.1', () => say('port', server.address().port)));
