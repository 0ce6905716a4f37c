// The one entry: `node --test tests/web/all.test.js`.
import "./bindings.js";
import "./hostile.js";
import "./looking.js";
import "./moving.js";
import "./holds.js";
import "./phases.js";
import "./silent.js";
import "./roaming.js";
import "./pool.js";
import "./scenes.js";
import "./offered.js";
import "./opening.js";
import "./own.js";
import "./offline.js";
import "./engines.js";
import "./access.js";
import "./comfort.js";
