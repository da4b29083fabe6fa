"""Programs made of ops: how they are traced, built, checked, differentiated, simplified and evaluated."""
