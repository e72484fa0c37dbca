import { createServer, type Server } from 'node:http';
import cluster from 'node:cluster';
import { AggregatorRegistry, type Registry } from 'prom-client';

/**
 * In a worker process: answers the primary's questions with this registry. By itself prom-client would answer with the global
 * one, which is empty here, and not before an aggregator was made in the worker too.
 */
export function answerPrimary(registry: Registry): Registry {
  AggregatorRegistry.setRegistries([registry]);
  return new AggregatorRegistry();
}

/** The operators' listener: loopback, never the public one. Health is of this instance, not of what it depends on. */
export function startManagement(port: number, notReady: () => string | undefined): Server {
  const metrics = new AggregatorRegistry();
  const server = createServer((request, response) => {
    const answer = (status: number, body: string, type = 'text/plain; charset=utf-8'): void => {
      response.writeHead(status, { 'content-type': type }).end(body);
    };
    switch (request.url?.split('?', 1)[0]) {
      case '/livez':
        return answer(200, 'ok\n');
      case '/readyz':
      case '/startupz':
        return notReady() === undefined ? answer(200, 'ok\n') : answer(503, `${notReady()}\n`);
      case '/metrics':
        if (!cluster.isPrimary) return answer(404, 'not here\n');
        metrics.clusterMetrics().then(
          (text) => answer(200, text, metrics.contentType),
          () => answer(503, 'the processes did not answer\n'),
        );
        return;
      default:
        return answer(404, 'not here\n');
    }
  });
  return server.listen(port, '127.0.0.1');
}
