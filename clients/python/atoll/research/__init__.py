"""Managers for research data, as thin classes over `Client`.

`FileStorageManager`, `DataVersionManager`, `ResearchDataSearch`, `HighPerformanceStorage` and `BackupManager` take a configuration
(a nested dict) and, if one is at hand, a `client`; else they open one: on the folder that the configuration names as `base_path`,
or what `Client()` opens. A setting that is not known is a warning; `explain_settings()` says of each one what becomes of it. A *data
id* is an address, "bucket/key". Close a manager, or use it in a `with` block.
"""
from .backup import BackupManager
from .file_storage import FileStorageManager
from .performance import HighPerformanceStorage, PerformanceMonitor
from .search import ResearchDataSearch, SearchResults
from .settings import UnknownSetting
from .versioning import DataVersionManager, VersionName

__all__ = ["BackupManager", "DataVersionManager", "FileStorageManager", "HighPerformanceStorage", "PerformanceMonitor", "ResearchDataSearch",
           "SearchResults", "UnknownSetting", "VersionName"]
