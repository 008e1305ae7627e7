// How times are said: spokenTime('10:30') is "half past ten".
var HOURS = ['twelve', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten', 'eleven'];

function spokenTime(time) {
  var parts = time.split(':'), hour = HOURS[Number(parts[0]) % 12];
  if (parts[1] == '00') return hour + " o'clock";
  if (parts[1] == '15') return 'a quarter past ' + hour;
  if (parts[1] == '30') return 'half past ' + hour;
  return hour + ' ' + Number(parts[1]);
}
