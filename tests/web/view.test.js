// What one does with a view. Beside `packages.test.js`: most of a test waits for the browser.
import "./moving.js";
import "./holds.js";
import "./roaming.js";
import "./story.js";
import "./explained.js";
import "./saving.js";
import "./scenes.js";
import "./comfort.js";
import "./access.js";
