import { AggregatorRegistry, type Registry } from 'prom-client';

/** The lines without their order of labels, which means nothing. */
export function lines(text: string): readonly string[] {
  return text.split('\n').map((line) => line.split(/[{},]/).toSorted().join(' '));
}

/** What a cluster's primary tells of two processes with these figures. */
export async function ofTwo(one: Registry): Promise<string> {
  return AggregatorRegistry.aggregate([await one.getMetricsAsJSON(), await one.getMetricsAsJSON()]).metrics();
}
