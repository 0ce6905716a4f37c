/* The C interface of GQN for the edge. Written by cbindgen: crates/capi/tests/capi.rs compares it. */

#ifndef GQN_H
#define GQN_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

// A package with one scene. Functions may be called with it from several threads at once; they wait for one another.
typedef struct GqnScene GqnScene;

// Where a picture is taken.
typedef struct {
  // x, y, z in world units, z up.
  float position[3];
  // Radians about +z, from +x towards +y.
  float yaw;
  // Radians above the horizontal.
  float pitch;
} GqnCamera;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// Opens a package: a folder or one zip of it. `library` is ONNX Runtime's file or folder, or null for the one that is found;
// `provider` is `cpu`, `cuda`, `tensorrt`, `openvino`, `webgpu`, or null for the first that runs; `threads` is the number of
// threads, or 0 for one a core. Null if that fails.
//
// # Safety
// The texts end with a zero byte, or are null where that is said.
GqnScene *gqn_open(const char *package,
                   const char *library,
                   const char *provider,
                   uint32_t threads);

// The side of its pictures in pixels; 0 for null.
//
// # Safety
// `scene` is null, or of `gqn_open` and not closed.
size_t gqn_side(const GqnScene *scene);

// Adds a picture to the scene: `length` is 3 · side · side bytes of red, green and blue, row by row from the top. The number of
// the view, or -1 if that fails.
//
// # Safety
// `scene` is null, or of `gqn_open` and not closed; `rgb` points to `length` bytes, `camera` to a camera.
int64_t gqn_observe(const GqnScene *scene,
                    const uint8_t *rgb,
                    size_t length,
                    const GqnCamera *camera);

// Takes a view out of the scene. 0, or -1 if that fails.
//
// # Safety
// `scene` is null, or of `gqn_open` and not closed.
int32_t gqn_forget(const GqnScene *scene, int64_t view);

// Renders what `count` cameras would see into `rgb`, one picture behind the other; `length` is count · 3 · side · side. A
// `temperature` of 0 renders the mean picture, 1 a sample that follows from `seed`. 0, or -1 if that fails.
//
// # Safety
// `scene` is null, or of `gqn_open` and not closed; `cameras` points to `count` cameras, `rgb` to `length` bytes.
int32_t gqn_query(const GqnScene *scene,
                  const GqnCamera *cameras,
                  size_t count,
                  float temperature,
                  uint64_t seed,
                  uint8_t *rgb,
                  size_t length);

// Why the last call of this thread failed, in one line that hints may follow; empty if it did not. Valid until its next call.
const char *gqn_last_error(void);

// Frees what `gqn_open` gave; null is fine. No other call with it may be under way.
//
// # Safety
// `scene` is null, or of `gqn_open` and not closed.
void gqn_close(GqnScene *scene);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* GQN_H */
