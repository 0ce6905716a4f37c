use std::path::Path;

use gqn_datasets::DataSet;
use gqn_formats::{FormatError, Preset, RepresentationKind};
use gqn_scenes::Split;
use toml::{Table, Value};

use super::geometry::{Geometry, GeometrySource};
use super::{ConfigError, TrainConfig, out_of_range};

impl TrainConfig {
    /// The preset's run with a file's keys, then the flags' keys, laid over it. A file may name its `preset`. A file that
    /// holds a whole run, as a run's own does, stands for itself: no preset adds a key that it left out.
    ///
    /// # Errors
    /// [`ConfigError`]: no such file, not TOML, an unknown key, a value out of range.
    pub fn layered(
        preset: Option<Preset>,
        file: Option<&Path>,
        flags: Table,
    ) -> Result<Self, ConfigError> {
        Self::layered_with_geometry(preset, file, flags).map(|(config, _)| config)
    }

    /// [`TrainConfig::layered`], and where the geometry of a voxel model came from.
    ///
    /// # Errors
    /// As [`TrainConfig::layered`].
    pub fn layered_with_geometry(
        preset: Option<Preset>,
        file: Option<&Path>,
        flags: Table,
    ) -> Result<(Self, Option<Geometry>), ConfigError> {
        let mut over = file.map_or_else(|| Ok(Table::new()), read)?;
        let named = match over.remove("preset") {
            Some(Value::String(name)) => Some(name.parse::<Preset>()?),
            Some(other) => return Err(out_of_range("preset", &other, "a name")),
            None => None,
        };
        let preset = preset.or(named);
        let is_whole = preset.is_none() && over.clone().try_into::<Self>().is_ok();
        if flags.contains_key("batch") {
            // The flag is about each process, not about those of the run that wrote the file.
            over.remove("processes");
        }
        merge(&mut over, flags);
        let preset = preset.unwrap_or(Preset::Tiny);
        let mut base = if is_whole {
            Table::new()
        } else {
            Table::try_from(Self::preset(preset)).expect("a preset is plain data")
        };
        // The preset's geometry is that of one world; the one that is wanted is known later.
        take_voxel(&mut base);
        let given = take_voxel(&mut over);
        let is_given = ["max_context", "scenes", "world"].map(|key| over.contains_key(key));
        let [context_is_given, scenes_are_given, world_is_given] = is_given;
        merge(&mut base, over);
        let mut config: Self =
            base.try_into().map_err(|source| ConfigError::Fields { source: Box::new(source) })?;
        config.model = config.model.canonical();
        let set = config.look_at_data(scenes_are_given, world_is_given)?;
        let geometry = config.take_geometry(preset, given, world_is_given, set.as_ref())?;
        if !context_is_given {
            config.max_context = config.world.max_context().min(config.views().saturating_sub(1));
        }
        config.validate()?;
        Ok((config, geometry))
    }

    /// Takes from the files, if there are any, what they say themselves.
    fn look_at_data(
        &mut self,
        scenes_are_given: bool,
        world_is_given: bool,
    ) -> Result<Option<DataSet>, ConfigError> {
        let Some(data) = &mut self.data else { return Ok(None) };
        for (split, missing) in [(Split::Train, "train"), (Split::Test, "test")] {
            if !DataSet::has_split(&data.folder, split) {
                return Err(ConfigError::Split { path: data.folder.clone(), missing });
            }
        }
        let set = DataSet::open(&data.folder, Split::Train)?;
        data.views = set.views();
        if !scenes_are_given {
            self.scenes = set.len() as u64;
        } else if self.scenes > set.len() as u64 {
            let expected = "at most as many as the files hold";
            return Err(out_of_range("scenes", &self.scenes, expected));
        }
        if let (Some(known), false) = (set.known(), world_is_given) {
            self.world = known.world;
        }
        Ok(Some(set))
    }

    /// Gives a voxel model its geometry: the keys that are given, the rest of what it is trained on.
    fn take_geometry(
        &mut self,
        preset: Preset,
        given: Option<Value>,
        world_is_given: bool,
        set: Option<&DataSet>,
    ) -> Result<Option<Geometry>, ConfigError> {
        if self.model.representation != RepresentationKind::Voxel {
            let representation = self.model.representation.name();
            return match given {
                Some(_) => Err(FormatError::VoxelTable { representation, is_there: true }.into()),
                None => Ok(None),
            };
        }
        let given = match given {
            None => Table::new(),
            Some(Value::Table(table)) => table,
            Some(other) => return Err(out_of_range("model.voxel", &other, "a table")),
        };
        let source = GeometrySource::of(&given, self.world, world_is_given, set)?;
        let sizes = |preset: Preset| preset.voxel(&source.extent());
        let default = sizes(preset).or_else(|| sizes(Preset::Edge)).expect("edge is a voxel model");
        let mut table = Table::try_from(default).expect("a geometry is plain data");
        let keys = given.keys().cloned().collect();
        merge(&mut table, given);
        let voxel: gqn_formats::VoxelConfig =
            table.try_into().map_err(|source| ConfigError::Fields { source: Box::new(source) })?;
        self.model.voxel = Some(voxel.clone());
        Ok(Some(Geometry { source, is_of_files: set.is_some(), given: keys, voxel }))
    }
}

fn read(path: &Path) -> Result<Table, ConfigError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
    text.parse()
        .map_err(|source| ConfigError::Toml { path: path.to_owned(), source: Box::new(source) })
}

/// Takes the table `[model.voxel]`, whatever it holds, out of a configuration.
fn take_voxel(table: &mut Table) -> Option<Value> {
    table.get_mut("model")?.as_table_mut()?.remove("voxel")
}

fn merge(base: &mut Table, over: Table) {
    for (key, value) in over {
        match (base.get_mut(&key), value) {
            (Some(Value::Table(base)), Value::Table(over)) => merge(base, over),
            (_, value) => {
                base.insert(key, value);
            }
        }
    }
}
