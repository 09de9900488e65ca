"""Eight garment landmarks, derived from silhouettes and masks; nobody annotated them (``docs/landmarks.md``)."""
