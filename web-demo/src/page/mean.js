// @ts-check
/** Whether a package's guesses say something: weights of the generation phase have not learned how far they may lie from
 * their mean. @param {any} manifest */
const guesses = (manifest) => manifest.provenance?.metrics?.elbo_phase !== 0;

/** Begins with the mean picture where a package's guesses say nothing, and goes back to guesses with the next one that has some;
 * what the user chose stays, and what a link asks of the first package is done.
 * @param {import("../types").State} state @param {{ asked: boolean, mark: () => void }} page whether a link asks, and what shows the choice
 * @returns {(manifest: any) => void} to be called for each package that was opened */
export function meanFirst(state, { asked, mark }) {
  /** Whether it was not the user who chose the mean picture. */
  let chosen = false;
  return (manifest) => {
    const mean = !guesses(manifest);
    if (!asked && mean !== state.mean && (mean || chosen)) {
      state.mean = mean;
      chosen = mean;
      mark();
    }
    asked = false;
  };
}
