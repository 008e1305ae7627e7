var word = "Grüße";
