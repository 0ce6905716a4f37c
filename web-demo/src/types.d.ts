/** x, y, z, yaw, pitch. */
export type Camera = Float32Array;

/** All of what a link says. */
export interface State {
  model: string;
  world: string;
  seed: string;
  /** Which cameras it is shown: numbers of the scene's own, or cameras that were put somewhere. */
  shown: (number | Camera)[];
  /** Where one looks from; undefined for where the world begins. */
  at: Camera | undefined;
  noise: number;
  mean: boolean;
  pixels: boolean;
  orbit: boolean;
  /** Whether the map shows what the scene holds. */
  holds: boolean;
  /** `tract` if that engine was chosen, or the origin of a server that paints. */
  engine: string;
  /** The DRAW step on show, counted from 1; 0 for the last. */
  step: number;
}

/** A picture that the network is shown. */
export interface View {
  key: string;
  /** The scene's own camera of that number, if it is one. */
  index: number | undefined;
  camera: Camera;
  /** Place on the map, u, v and heading. */
  map: Float32Array;
  rgba: Uint8Array;
  side: number;
}

/** A picture of one's own: as the network sees it, and the file, for networks that see larger or smaller pictures. */
export interface OwnView extends View {
  name: string;
  file: Blob;
}

/** What a scene holds, seen from above. */
export interface Occupancy {
  /** Cells from west to east, and from south to north. */
  columns: number;
  rows: number;
  /** Cameras at the north-west and the south-east corner of the box. */
  corners: Float32Array;
  density: Float32Array;
  rgba: Uint8Array;
  /** The share of the box that is at least half opaque. */
  filled: number;
}

/** What one picture tells of the scene. */
export interface Contribution {
  told: Float32Array;
  /** What of it is a place; models without a grid have none. */
  above: Occupancy | undefined;
}

/** A place from which one looks. */
export interface Look {
  camera: Camera;
  map: Float32Array;
  truth: Uint8Array | undefined;
  /** Neighbouring cameras, the likeliest next first. */
  ahead: Camera[];
}

/** What an opened package says of itself. */
export interface Package {
  side: number;
  steps: number;
  manifest: any;
  engine: string;
  /** The model card, if it has one. */
  card: string | undefined;
  /** How long it took to open. */
  ms: number;
}

/** Files of a package: its plain names and contents, or one zip. */
export interface PackageFiles {
  names: string[];
  files: Blob[];
  zip?: Blob;
  /** Fetches them: nobody needs them as long as a server paints. */
  later?: () => Promise<PackageFiles>;
  /** Whether rendered scenes are open: a model of other cameras than theirs is refused. */
  rendered?: boolean;
  /** Of the cameras of one's own pictures that are open, in radians: a model of another one is refused. */
  fieldOfView?: number;
}

/** A picture that was asked for. */
export interface Job {
  key: string;
  camera: Camera;
  seed: number;
  temperature: number;
  /** Of wanted pictures: their order. 0 for those painted ahead. */
  serial: number;
}
