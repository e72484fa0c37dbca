import { ruleFlag, ruleWords } from './layout.js';
import { type Integers, type LinkedLayer, selectEndpoints } from './link-layer.js';
import { type Outcome, hasBit, setBit } from './outcome.js';
import { effects } from './program.js';
import { word } from './words.js';

const permit = effects.indexOf('permit');
const deny = effects.indexOf('deny');
const restrict = effects.indexOf('restrict');
const redact = effects.indexOf('redact');

/**
 * From the rules that matched to the endpoints: those of permits are united, those of denials that no override lifts are
 * subtracted. `flip` turns the answer of what is unknown round, to find a denial's cause.
 */
export function joinEndpoints(layer: LinkedLayer, integers: Integers, flip: boolean, outcome: Outcome): void {
  const { matched, lifted, permitted, authorized } = outcome;
  const { endpointWords, denied, reader } = layer;
  const { words, rulesAt } = reader;
  lifted.fill(0);
  permitted.fill(0);
  denied.fill(0);
  outcome.inQuestion = undefined;
  const liftedTags = tagsLifted(layer, matched);
  const width = (reader.rules + 31) >> 5;
  for (let block = 0; block < width; block += 1) {
    let bits = matched[block] ?? 0;
    while (bits !== 0) {
      const rule = block * 32 + 31 - Math.clz32(bits & -bits);
      bits &= bits - 1;
      const at = rulesAt + rule * ruleWords;
      const head = word(words, at);
      const effect = head & 7;
      const expression = (head >>> ruleFlag.expressionShift) - 1;
      if (effect === permit) selectEndpoints(layer, expression, integers, flip, permitted);
      else if (effect === deny || effect === restrict) {
        if ((word(words, at + 2) & liftedTags) !== 0) setBit(lifted, rule);
        else selectEndpoints(layer, expression, integers, flip, denied);
      } else if (effect === redact && expression !== -1) {
        const inQuestion = new Int32Array(endpointWords);
        selectEndpoints(layer, expression, integers, flip, inQuestion);
        outcome.inQuestion = new Map([...(outcome.inQuestion ?? []), [rule, inQuestion]]);
      }
    }
  }
  for (let index = 0; index < endpointWords; index += 1) {
    authorized[index] = (permitted[index] ?? 0) & ~(denied[index] ?? 0);
  }
}

function tagsLifted({ overrides, reader }: LinkedLayer, matched: Int32Array): number {
  let tags = 0;
  for (const rule of overrides) if (hasBit(matched, rule)) tags |= reader.tags(rule);
  return tags;
}
