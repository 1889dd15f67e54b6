// The peer "bare http-proxy": what one would write in ten lines, with the keep-alive agent without which it is slower still.
import { Agent, createServer } from 'node:http';
import httpProxy from 'http-proxy';

const [port, upstreamPort] = process.argv.slice(2).map(Number);
const agent = new Agent({ keepAlive: true });
const proxy = httpProxy.createProxyServer({ target: `http://127.0.0.1:${upstreamPort}`, agent });
proxy.on('error', (_error, _request, response) => response.destroy());
createServer((request, response) => proxy.web(request, response)).listen(port, '127.0.0.1');
process.on('SIGTERM', () => process.exit(0));
