import { describe, expect, it } from '@jest/globals';
import { booleanArray, byteaArray, int8Array, textArray, uuidArray } from './binary-arrays.js';

/** Dimensions 1, no nulls, the element type, the length, lower bound 1. */
const header = (type: string, length: number, nulls = 0): string =>
  `00000001${nulls === 0 ? '00000000' : '00000001'}${type}0000000${length}00000001`;

describe('arrays in binary form', () => {
  it('name their element type and give each element with its length', () => {
    expect(textArray(['é', '']).toString('hex')).toBe(`${header('00000019', 2)}00000002c3a900000000`);
    expect(byteaArray([Uint8Array.of(0, 255)]).toString('hex')).toBe(`${header('00000011', 1)}0000000200ff`);
    expect(int8Array([2 ** 40]).toString('hex')).toBe(`${header('00000014', 1)}000000080000010000000000`);
    expect(int8Array([-2]).toString('hex')).toBe(`${header('00000014', 1)}00000008fffffffffffffffe`);
    expect(booleanArray([true, false]).toString('hex')).toBe(`${header('00000010', 2)}00000001010000000100`);
    expect(uuidArray(['01932d0e-7b00-7000-8000-0000000000ff']).toString('hex')).toBe(
      `${header('00000b86', 1)}0000001001932d0e7b00700080000000000000ff`,
    );
  });

  it('write an absent element as null and say that there is one', () => {
    expect(textArray([undefined, 'a']).toString('hex')).toBe(`${header('00000019', 2, 1)}ffffffff0000000161`);
  });

  it('refuse a number that is no safe integer', () => {
    expect(() => int8Array([1.5])).toThrow(RangeError);
  });

  it('refuse what is no UUID, so that no byte of the memory before reaches the wire', () => {
    expect(() => uuidArray(['01932d0e'])).toThrow(TypeError);
    expect(() => uuidArray(['01932d0e-7b00-7000-8000-0000000000fg'])).toThrow(TypeError);
    expect(() => uuidArray(['01932d0e-7b00-7000-8000-0000000000ff0'])).toThrow(TypeError);
    expect(() => uuidArray(['01932d0e07b00-7000-8000-0000000000ff'])).toThrow(TypeError);
  });
});
