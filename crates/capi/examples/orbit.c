/* Shows a package one grey picture and writes what a camera would see as a PPM file.
 * cc orbit.c $(pkg-config --cflags --libs gqn) -o orbit && ./orbit PACKAGE OUT.ppm [LOCALE] */
#include <gqn.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failed(const char *what) {
    fprintf(stderr, "%s: %s\n", what, gqn_last_error());
    return 1;
}

int main(int argc, char **argv) {
    if (argc < 3) {
        fprintf(stderr, "usage: orbit PACKAGE OUT.ppm [LOCALE]\n");
        return 2;
    }
    if (argc > 3 && setlocale(LC_ALL, argv[3]) == NULL) {
        fprintf(stderr, "there is no locale %s\n", argv[3]);
        return 2;
    }
    GqnScene *scene = gqn_open(argv[1], NULL, "cpu", 1);
    if (scene == NULL) return failed("gqn_open");
    size_t side = gqn_side(scene), bytes = 3 * side * side;
    unsigned char *picture = malloc(2 * bytes);
    memset(picture, 128, bytes);
    GqnCamera cameras[2] = {{{0.8f, 0.0f, 0.4f}, 3.1f, -0.2f}, {{0.0f, 0.8f, 0.4f}, 4.7f, -0.2f}};
    int64_t view = gqn_observe(scene, picture, bytes, &cameras[0]);
    if (view < 0) return failed("gqn_observe");
    if (gqn_query(scene, cameras, 2, 0.0f, 0, picture, 2 * bytes) != 0) return failed("gqn_query");
    /* A call that fails says why and changes nothing. */
    if (gqn_query(scene, cameras, 2, 0.0f, 0, picture, bytes) == 0 || *gqn_last_error() == 0) return 3;
    if (gqn_forget(scene, view + 1) == 0 || gqn_forget(scene, view) != 0) return 4;
    FILE *out = fopen(argv[2], "wb");
    if (out == NULL) return 5;
    fprintf(out, "P6 %zu %zu 255\n", side, 2 * side);
    fwrite(picture, 1, 2 * bytes, out);
    fclose(out);
    free(picture);
    /* The last line of a host program whose numbers have commas, where LOCALE says so. */
    printf("%.1f\n", 0.5);
    gqn_close(scene);
    return 0;
}
