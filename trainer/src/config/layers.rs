//! Preset, file and flags, merged into one configuration.

use std::path::Path;

use gqn_datasets::DataSet;
use gqn_formats::{FormatError, Preset, RepresentationKind, decode_text};
use gqn_scenes::Split;
use gqn_system::read_regular;
use toml::{Table, Value};

use super::file::rename_keys;
use super::geometry::{Geometry, GeometrySource};
use super::{ConfigError, TrainConfig, out_of_range};

/// Where the files are that a run was trained on.
#[derive(Debug, Clone, Copy)]
pub enum RunData<'a> {
    /// Where the run found them, if there are any.
    AsItWas,
    /// In another folder now.
    Moved {
        /// The folder that holds `train` and `test`.
        folder: &'a Path,
        /// Whether damaged scenes are left out even if the run did not do so.
        skip_damaged: bool,
    },
    /// Of no interest.
    None,
}

impl<'a> RunData<'a> {
    /// What a command line says of a run's data.
    pub fn of(folder: Option<&'a Path>, skip_damaged: bool) -> Self {
        folder.map_or(Self::AsItWas, |folder| Self::Moved { folder, skip_damaged })
    }
}

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
        let over = file.map_or_else(|| Ok(Table::new()), read_table)?;
        Self::of_tables(preset, over, flags)
    }

    fn of_tables(
        preset: Option<Preset>,
        mut over: Table,
        mut flags: Table,
    ) -> Result<(Self, Option<Geometry>), ConfigError> {
        for table in [&mut over, &mut flags] {
            rename_keys(table)?;
        }
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
        let set = config.read_data_set(scenes_are_given, world_is_given)?;
        let geometry = config.take_geometry(preset, given, world_is_given, set.as_ref())?;
        if !context_is_given {
            let data = &mut config.data;
            data.max_context = data.world.max_context().min(data.views().saturating_sub(1));
        }
        config.validate()?;
        Ok((config, geometry))
    }

    /// The configuration that a run wrote, with keys laid over it.
    ///
    /// # Errors
    /// As [`TrainConfig::layered`]; [`ConfigError::NotWhole`] and [`ConfigError::NoGeometry`] if keys are missing that
    /// every run writes; [`ConfigError::NoData`] if the run has no data that could have moved,
    /// [`ConfigError::OtherData`] if what is there now are not the scenes that it began with.
    pub fn of_run(file: &Path, keys: Table, data: RunData<'_>) -> Result<Self, ConfigError> {
        let mut own = read_table(file)?;
        check_whole(file, &own)?;
        let had = own.get_mut("data").and_then(Value::as_table_mut);
        let views = had.as_ref().and_then(|data| data.get("views")?.as_integer());
        match (data, had) {
            (RunData::AsItWas, _) => {}
            (RunData::None, _) => drop(own.remove("data")),
            (RunData::Moved { .. }, None) => return Err(ConfigError::NoData),
            (RunData::Moved { folder, skip_damaged }, Some(had)) => {
                merge(had, data_keys(folder)?);
                if skip_damaged {
                    had.insert("skip_damaged".to_owned(), true.into());
                }
            }
        }
        let (config, _) = Self::of_tables(None, own, keys)?;
        match (views, &config.data.files) {
            (Some(views), Some(files)) if views > 0 && views as usize != files.views => {
                let (path, found) = (files.folder.clone(), files.views);
                Err(ConfigError::OtherData { path, found, expected: views as usize })
            }
            _ => Ok(config),
        }
    }

    /// Takes from the files, if there are any, what they say themselves.
    fn read_data_set(
        &mut self,
        scenes_are_given: bool,
        world_is_given: bool,
    ) -> Result<Option<DataSet>, ConfigError> {
        let Some(files) = &mut self.data.files else { return Ok(None) };
        for (split, missing) in [(Split::Train, "train"), (Split::Test, "test")] {
            if !DataSet::has_split(&files.folder, split) {
                return Err(ConfigError::Split { path: files.folder.clone(), missing });
            }
        }
        let set = DataSet::open(&files.folder, Split::Train)?;
        files.views = set.views();
        files.test_views = DataSet::open(&files.folder, Split::Test)?.views();
        if !scenes_are_given {
            self.data.scenes = set.len() as u64;
        } else if self.data.scenes > set.len() as u64 {
            let expected = "at most as many as the files hold";
            return Err(out_of_range("scenes", &self.data.scenes, expected));
        }
        if let (Some(known), false) = (set.known(), world_is_given) {
            self.data.world = known.world;
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
        let source = GeometrySource::of(&given, self.data.world, world_is_given, set)?;
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

/// The keys of a data set in a folder.
///
/// # Errors
/// [`ConfigError::Path`]: TOML is UTF-8, and the folder's name is not.
pub fn data_keys(folder: &Path) -> Result<Table, ConfigError> {
    let absolute = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let unnamed = || ConfigError::Path { path: folder.to_owned() };
    let name = absolute.to_str().ok_or_else(unnamed)?.to_owned();
    Ok(Table::from_iter([("folder".to_owned(), name.into())]))
}

/// A page or two; a larger file is no configuration.
const LARGEST_FILE: u64 = 1 << 24;

/// A configuration file as a table, in whatever way an editor saved it.
///
/// # Errors
/// [`ConfigError`]: no such file, no text, not TOML.
pub fn read_table(path: &Path) -> Result<Table, ConfigError> {
    let bytes = read_regular(path, LARGEST_FILE)?;
    let text = decode_text(&bytes).ok_or_else(|| ConfigError::NoText { path: path.to_owned() })?;
    text.parse()
        .map_err(|source| ConfigError::Toml { path: path.to_owned(), source: Box::new(source) })
}

/// Whether a run's own configuration has all keys: the defaults of a preset would make another run of it.
fn check_whole(path: &Path, own: &Table) -> Result<(), ConfigError> {
    let mut table = own.clone();
    rename_keys(&mut table)?;
    let path = path.to_owned();
    match table.try_into::<TrainConfig>() {
        Err(source) => Err(ConfigError::NotWhole { path, source: Box::new(source) }),
        Ok(config) => match (config.model.representation, config.model.voxel) {
            (RepresentationKind::Voxel, None) => Err(ConfigError::NoGeometry { path }),
            _ => Ok(()),
        },
    }
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
