DROP TABLE ratings;
DROP TABLE rating_scales;
