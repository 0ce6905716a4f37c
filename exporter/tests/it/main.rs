//! The exporter from the outside: graphs, packages and the command line.

mod adopt;
mod best;
mod command_line;
mod external_data;
mod graphs;
mod package;
mod precision;
mod rewrites;
mod support;
mod voxel;
mod voxel_map;
mod voxel_oracle;
mod voxel_package;
mod voxel_support;
