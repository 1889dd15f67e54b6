// A container that is healthy and never answers a POST: what is accepted stays in line, so that accepting alone is measured.
import { createServer } from 'node:http';

const [port] = process.argv.slice(2).map(Number);
createServer((request, response) => {
  request.resume();
  if (request.method !== 'POST') response.writeHead(200, { 'content-type': 'application/json' }).end('{"status":"ok"}');
}).listen(port, '127.0.0.1');
process.on('SIGTERM', () => process.exit(0));
