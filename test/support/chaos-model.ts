// A model server that tests kill: answers each request after the time it asks for, with its own words, and notes on disk each
// execution that began, so that a test can count them however it ended. Run: node chaos-model.ts <port> <log file>
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:http';

const [port, logFile] = process.argv.slice(2);

const server = createServer((request, response) => {
  if (request.url === '/health') {
    response.end('ok');
    return;
  }
  let body = '';
  request.on('data', (chunk) => {
    body += chunk;
  });
  request.on('end', () => {
    const id = String(request.headers['x-inference-id']);
    appendFileSync(String(logFile), `${id}\n`);
    const { ms, text } = JSON.parse(body) as { ms: number; text: string };
    setTimeout(() => response.end(`answer to ${id}: ${text}`), ms);
  });
});
server.listen(Number(port), '127.0.0.1');
