// nginx as peer and as upstream: one process, no log, connections kept.

export function nginxConfig(folder: string, name: string, http: string): string {
  return `
daemon off;
master_process off;
worker_processes 1;
pid ${folder}/${name}.pid;
error_log stderr error;
events { worker_connections 4096; }
http {
  access_log off;
  keepalive_requests 100000000;
  keepalive_timeout 600s;
  client_body_temp_path ${folder}/${name}-body;
  proxy_temp_path ${folder}/${name}-proxy;
  fastcgi_temp_path ${folder}/${name}-fastcgi;
  uwsgi_temp_path ${folder}/${name}-uwsgi;
  scgi_temp_path ${folder}/${name}-scgi;
  ${http}
}
`;
}

/** A reverse proxy as one would configure it for streaming: connections to the upstream kept, nothing buffered. */
export function nginxProxy(port: number, upstreamPort: number): string {
  return `
  upstream container { server 127.0.0.1:${upstreamPort}; keepalive 256; keepalive_requests 100000000; }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://container;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
    }
  }`;
}
