"""Which shop items are worn in a video: decode, detect, track, embed, vote, match, as in paper 001."""
