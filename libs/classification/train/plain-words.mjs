/* eslint-disable typescript/no-unsafe-argument, typescript/no-unsafe-assignment, typescript/no-unsafe-call,
   typescript/no-unsafe-member-access, typescript/no-unsafe-return --
   a script outside the compiled tree, where nothing has a type; what it writes is checked by the tests. */
// Ordinary words with capitals: what is nobody's name.
import { allFakers } from '@faker-js/faker';
import { random } from './generate.mjs';

function upper(word) {
  return word[0].toUpperCase() + word.slice(1);
}

const plainTemplates = [
  'Den {DN} in den {DN} geben und die {DN} dazu.',
  'Der {DN} der {DN} wird im {DN} beraten.',
  'Die {DN} mit dem {DN} und der {DN} {da} servieren.',
  'Bitte senden Sie den {DN} an die {DN}.',
  'Hiermit bestätige ich den {DN} des {DN}.',
  'Nach dem {DN} kam die {DN} zum {DN}.',
  'zwei {DN} und drei {DN}',
  '{DN}, {DN} und {DN}',
  'Zur {DN} gehört ein {DN}.',
  'Wegen der {DN} ist kein {DN} möglich.',
  '{n} tbsp {F}, {n} cup {F}',
  '| {P} | 12 | 19.99 |',
  'Add {F} and {F}, then stir in {F}.',
  '{A} {F} with {F}',
  'See {N} 7. {N} was strong.',
  'Total {N}, Net {N}, Gross {N}',

  'The {N} says that {N} was {a}.',
  '{A} {N} and {A} {N}',
  'Mix {F} and {F}. Serve with {F}.',
  'with {N} in {N}',
  '{V} the {N} by {N}.',
  'by {N}',
  'from {N} to {N}',
  'in the {N} of {A} {N}',
  '{N}: {a} {n}',
  'I like {F} and {P}.',
  '{P} costs 20 dollars.',
  'The {A} {N} of {N}',
  'Is {N} better than {N}?',
  '{V} {N}',
  '{A} {N}\n{A} {N}',
  '- {N}\n- {N}\n- {N}',
  'my {n} is {A} and I {v} {N}',
  'Dear {N} team,',
  'Hi {N},',
  'Thanks to {N} we {v}.',
  '{A} {V} {N} Failed: {N} Reset by {N}',
  'ERROR {N} {N}: {a} {n}',
  '{C} and {C} are elements.',
  'They play {M} in {N}.',
  '{H}',
  '{B}',
  'She said {N}. He told {N}.',
  'eine {DN} und der {DN}',
  'Der {DN} ist {da}.',
  'Die {DN} mit {DN} in {DN}',
  'Das {DN} von {DN}',
  'ein paar {DN}',
  'Mein {DN} heißt {DN}.',
  'Le {FN} et la {FN}',
  'I live in {n}',
  'in {N}',
  'near {N}',
  'at {N}',
  '{n} lives in {A} {N}',
  'call {N}',
  'ask {N} about {N}',
  '{N} vs. {N}',
  '{N}, {N} and {N}',
  '{N} {N} {N}',
  'The {N} {v}s the {N}',
  'What is {N}?',
  'Who is {A}?',
  'style of {A} {N}',
  'Name: {N}',
  'City: none',
  'user {n}',
  'name {n}',
  'from {n}',
  'dear {n}',
  'the {n} {n} is {a}',
  'i am {a}',
  "i'm {a}",
  'my name is not important',
  'we are in {n}',
  'made in {A} {N}',
];

/** Ordinary words with the capitals that headings, sentences and products give them. */
export function plainWords(seed, count) {
  const pick = random(seed);
  const { en, de, fr } = allFakers;
  for (const faker of [en, de, fr]) faker.seed(seed);
  const make = {
    N: () => upper(en.word.noun()),
    n: () => en.word.noun(),
    A: () => upper(en.word.adjective()),
    a: () => en.word.adjective(),
    V: () => upper(en.word.verb()),
    v: () => en.word.verb(),
    F: () => upper(pick(2) ? en.food.ingredient() : en.food.dish()),
    P: () => en.commerce.productName(),
    C: () => en.science.chemicalElement().name,
    M: () => en.music.genre(),
    H: () => upper(en.hacker.phrase()),
    B: () => upper(en.company.buzzPhrase()),
    DN: () => upper(de.word.noun()),
    da: () => de.word.adjective(),
    FN: () => fr.word.noun(),
  };
  return Array.from({ length: count }, () => ({
    text: plainTemplates[pick(plainTemplates.length)].replaceAll(/\{(\w+)\}/g, (_, name) => make[name]()),
    spans: [],
  }));
}

/** The same line with some of its words in capitals, as headings write them. */
export function capitalised({ text, spans }, pick) {
  if (spans.length > 0 || pick(3) > 0) return { text, spans };
  const one = pick(4);
  return {
    text: text.replaceAll(/\b[a-z]{4,}\b/g, (word) =>
      one === 0 || pick(6) === 0 ? word[0].toUpperCase() + word.slice(1) : word,
    ),
    spans,
  };
}
