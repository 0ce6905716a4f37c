//! Several processes of `gqn-train` that train together, as `mpirun` starts them.
