// The app's scripts as a page has them: classic scripts, one after the other, in one window.
import { readFileSync } from 'node:fs';
import vm from 'node:vm';

const FOLDER = new URL('../../src/obsv/dashboards/', import.meta.url);

/**
 * Load scripts; gives the value of an expression in their window.
 * @param {string[]} paths below dashboards/
 * @param {string} expression
 * @param {object} [globals] what the scripts find besides the language
 */
export const load = (paths, expression, globals = {}) => {
  const context = vm.createContext({ URL, URLSearchParams, ...globals });
  context.window = context;
  for (const path of paths)
    vm.runInContext(readFileSync(new URL(path, FOLDER), 'utf8'), context, { filename: new URL(path, FOLDER).href });
  return vm.runInContext(expression, context);
};

/** Values of another window are of other classes: compare them as JSON. */
export const plain = (value) => JSON.parse(JSON.stringify(value));
